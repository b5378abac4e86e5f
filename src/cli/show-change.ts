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
  for (const { path, message } of reply.warnings) {
    io.err(`${paint(io, 'yellow', 'warning:')} ${path === undefined ? '' : `${path}: `}${message}\n`);
  }
}

/** `HTTPRoute.shop.orders` as `HTTPRoute shop/orders`. */
export function titleOfId(id: string): string {
  const [kind = '', namespace = '', ...name] = id.split('.');
  return `${kind} ${namespace}/${name.join('.')}`;
}
