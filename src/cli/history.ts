/** `towpath history`: the versions of a resource that the store keeps. */
import { type HistoryReply, historyReplySchema } from '../contract/operator-messages.ts';
import { formatYaml } from '../core/yaml.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf, withControl } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { formatJson, formatTable, paint } from './output.ts';
import { parseCount } from './parse-count.ts';
import { referenceOf } from './parse-reference.ts';
import { parseWords } from './parse-words.ts';

const HELP = `Shows the versions of a resource, newest first: when each was written, by whom, and which one is in force.
The store keeps the last 32 of each resource.

Usage:
  towpath history KIND NAME [-n NAMESPACE] [-o json]
  towpath history KIND NAME [-n NAMESPACE] --revision N     that version as a manifest

Options:
  -n, --namespace NAME  (default: default)
  --revision N          print what was stored then, as YAML that can be applied
  -o json               as JSON
${CONNECTION_HELP}
Examples:
  towpath history httproute orders -n shop
  towpath history httproute orders -n shop --revision 41
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  namespace: { type: 'string', short: 'n', default: 'default' },
  revision: { type: 'string' },
  output: { type: 'string', short: 'o' },
} as const;

export const historyCommand: Command = {
  name: 'history',
  summary: 'show the versions of a resource',
  help: HELP,
  completions: ['-n', '--revision', '-o', '--server', '--mesh', '--creds', '--help'],
  completesLive: true,
  run: runHistory,
};

async function runHistory(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('history', args, OPTIONS, 2);
  const reference = referenceOf('history', positionals, values.namespace);
  const revision = values.revision === undefined ? undefined : parseCount('history', '--revision', values.revision);
  const connection = connectionOf('history', values, io);
  return withControl(connection, async (client) => {
    const body = JSON.stringify({ ...reference, ...(revision !== undefined && { revision }) });
    const reply = await client.ask('resource', 'history', body, historyReplySchema);
    if (values.output === 'json') io.out(formatJson(reply));
    else if (revision === undefined) io.out(formatHistory(reply, io));
    else return showVersion(reply, io);
    return 0;
  });
}

function showVersion({ items: [item] }: HistoryReply, io: CommandIo): number {
  if (item === undefined || item.operation === 'delete') {
    io.err('at this revision the resource was deleted\n');
    return 1;
  }
  io.out(typeof item.manifest === 'string' ? item.manifest : formatYaml(item.manifest));
  return 0;
}

/** A table, newest first; `*` marks what is in force. */
export function formatHistory({ items }: HistoryReply, io: Pick<CommandIo, 'colour'>): string {
  const rows = items.map((item) => [
    item.inForce ? paint(io, 'green', '*') : '',
    String(item.revision),
    item.generation === null ? '-' : String(item.generation),
    item.time,
    item.action ?? item.operation,
    item.author ?? '-',
  ]);
  return formatTable(['', 'revision', 'generation', 'time', 'operation', 'author'], rows);
}
