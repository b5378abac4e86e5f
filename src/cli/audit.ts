/** `towpath audit`: who changed what. */
import { type AuditReply, auditReplySchema } from '../contract/operator-messages.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf, withControl } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { formatFields } from './format-fields.ts';
import { formatJson, formatTable } from './output.ts';
import { parseCount } from './parse-count.ts';
import { parseLongDuration } from './parse-duration.ts';
import { referenceOf } from './parse-reference.ts';
import { parseWords, wrongUsage } from './parse-words.ts';
import { titleOfId } from './show-change.ts';

const HELP = `Shows who changed what, oldest first: requests by their authors, and edits of the store, which have none.

Usage:
  towpath audit [--since 1h] [--limit N] [-o wide|json]
  towpath audit KIND NAME [-n NAMESPACE] [--since 1h] [--limit N] [-o wide|json]

Options:
  --since TIME          only what is younger: 30s, 10m, 1h, 7d
  --limit N             at most the newest N, up to 1000 (default 100)
  -n, --namespace NAME  with KIND NAME (default: default)
  -o FORMAT             wide: with the fields that changed; json
${CONNECTION_HELP}
Examples:
  towpath audit --since 1h
  towpath audit httproute orders -n shop -o wide
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  namespace: { type: 'string', short: 'n', default: 'default' },
  since: { type: 'string' },
  limit: { type: 'string', default: '100' },
  format: { type: 'string', short: 'o', default: 'table' },
} as const;

export const auditCommand: Command = {
  name: 'audit',
  summary: 'show who changed what',
  help: HELP,
  completions: ['--since', '--limit', '-n', '-o', '--server', '--mesh', '--creds', '--help'],
  completesLive: true,
  run: runAudit,
};

async function runAudit(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('audit', args, OPTIONS, 2);
  if (!['table', 'wide', 'json'].includes(values.format))
    throw wrongUsage('audit', `-o must be wide or json, not ${values.format}`);
  const limit = Math.min(1000, parseCount('audit', '--limit', values.limit));
  const sinceMs = values.since === undefined ? undefined : parseLongDuration('audit', '--since', values.since);
  const about = positionals.length === 0 ? undefined : referenceOf('audit', positionals, values.namespace);
  const id = about === undefined ? undefined : `${about.kind}.${about.namespace}.${about.name}`;
  const connection = connectionOf('audit', values, io);
  return withControl(connection, async (client) => {
    const body = JSON.stringify({ limit, sinceMs, id });
    const reply = await client.ask('audit', 'list', body, auditReplySchema);
    if (values.format === 'json') io.out(formatJson(reply));
    else if (reply.events.length === 0) io.err('nothing was changed\n');
    else io.out(values.format === 'wide' ? formatAuditWide(reply, io) : formatAudit(reply));
    if (reply.truncated) io.err('there are more; ask for a shorter time with --since, or raise --limit\n');
    return 0;
  });
}

/** One row for each resource that an event touched. */
export function formatAudit({ events }: AuditReply): string {
  const rows = events.flatMap((event) =>
    event.results.map(({ id, outcome, generation }) => {
      return [event.time, event.author || '-', event.action, titleOfId(id), outcome, String(generation)];
    }),
  );
  return formatTable(['time', 'author', 'action', 'resource', 'outcome', 'generation'], rows);
}

/** As a table, with the changed fields below each event. */
export function formatAuditWide({ events }: AuditReply, io: Pick<CommandIo, 'colour'>): string {
  return events
    .map((event) => {
      const fields = event.results.map((result) =>
        result.fields === undefined ? '' : `--- ${titleOfId(result.id)}\n${formatFields(result.fields, io)}`,
      );
      return `${formatAudit({ events: [event], truncated: false })}${fields.join('')}`;
    })
    .join('\n');
}
