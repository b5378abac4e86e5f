import { closestWord } from '../core/closest-word.ts';
import { KINDS, type Kind } from '../resources/index.ts';
import { wrongUsage } from './parse-words.ts';

/** Short names as kubectl has them, plus ours. */
const SHORT: Readonly<Record<string, Kind>> = {
  svc: 'Service',
  se: 'ServiceEntry',
  we: 'WorkloadEntry',
  hrf: 'HTTPRouteFilter',
  wg: 'WorkloadGroup',
  btp: 'BackendTrafficPolicy',
  btls: 'BackendTLSPolicy',
  ra: 'RequestAuthentication',
  ap: 'AuthorizationPolicy',
  cm: 'ConfigMap',
};

/** The kind that a word means: any case, singular or plural, or a short name. Throws UserError (exit status 2). */
export function kindOf(command: string, word: string): Kind {
  const lower = word.toLowerCase();
  const names = KINDS.map((kind) => [kind, kind.toLowerCase()] as const);
  const found = names.find(([, name]) => [name, `${name}s`, name.replace(/y$/, 'ies')].includes(lower))?.[0];
  const kind = found ?? (Object.hasOwn(SHORT, lower) ? SHORT[lower] : undefined);
  if (kind !== undefined) return kind;
  const near = closestWord(
    lower,
    names.map(([, name]) => name),
  );
  const advice = near === null ? `one of ${KINDS.join(', ')}` : `did you mean ${near}?`;
  throw wrongUsage(command, `"${word}" is no kind of resource; ${advice}`);
}
