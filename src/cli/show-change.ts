import type { ChangeReply } from '../contract/messages.ts';
import type { CommandIo } from './command.ts';
import { formatJson, paint } from './output.ts';

/** `HTTPRoute shop/orders updated (generation 3)`, one line each; warnings go to standard error. */
export function showChange(reply: ChangeReply, json: boolean, dryRun: boolean, io: CommandIo): void {
  if (json) io.out(formatJson(reply));
  else {
    for (const { id, outcome, generation } of reply.results) {
      const detail = outcome === 'deleted' ? '' : ` (generation ${generation})`;
      io.out(`${titleOfId(id)} ${outcome}${detail}${dryRun ? ' (dry run)' : ''}\n`);
    }
  }
  showWarnings(reply.warnings, io);
}

/** On standard error, one line each. */
export function showWarnings(warnings: ChangeReply['warnings'], io: CommandIo): void {
  for (const { path, message } of warnings) {
    io.err(`${paint(io, 'yellow', 'warning:')} ${path === undefined ? '' : `${path}: `}${message}\n`);
  }
}

/** `HTTPRoute.shop.orders` as `HTTPRoute shop/orders`. */
export function titleOfId(id: string): string {
  const [kind = '', namespace = '', ...name] = id.split('.');
  return `${kind} ${namespace}/${name.join('.')}`;
}
