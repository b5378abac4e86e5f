import type { Kind } from '../resources/index.ts';
import { kindOf } from './parse-kind.ts';
import { wrongUsage } from './parse-words.ts';

export interface Reference {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
}

/** One resource, as `KIND NAME` or `KIND/NAME`. Throws UserError (exit status 2). */
export function referenceOf(command: string, words: readonly string[], namespace: string): Reference {
  const [kind, name, ...rest] = words.flatMap((word) => splitOnce(word));
  if (kind === undefined || name === undefined || name === '' || rest.length > 0)
    throw wrongUsage(command, 'say which: KIND NAME, or KIND/NAME');
  return { kind: kindOf(command, kind), namespace, name };
}

/** `svc/orders` is two words; names have no slash. */
export function splitOnce(word: string): string[] {
  const slash = word.indexOf('/');
  return slash < 0 ? [word] : [word.slice(0, slash), word.slice(slash + 1)];
}
