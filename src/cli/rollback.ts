/** `towpath rollback`: an earlier version of a resource in force again. */
import { changeReplySchema, DRY_RUN_HEADER } from '../contract/messages.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf, mutationHeaders, withControl } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { parseCount } from './parse-count.ts';
import { parseDuration } from './parse-duration.ts';
import { referenceOf } from './parse-reference.ts';
import { parseWords } from './parse-words.ts';
import { showChange } from './show-change.ts';
import { waitForAgents } from './wait-for-agents.ts';

const HELP = `Puts an earlier version of a resource in force again, as a new change: it is checked, stored and audited like any other.
A resource that was deleted comes back.

Usage:
  towpath rollback KIND NAME [-n NAMESPACE] [--to REVISION] [--wait] [--timeout 10s] [--dry-run]

Options:
  -n, --namespace NAME  (default: default)
  --to REVISION         of "towpath history" (default: the newest that says something else than what is in force)
  --wait                until every live agent runs it; status 1 when the time is up or an agent refuses
  --timeout TIME        for --wait: 500ms, 10s, 2m (default 10s)
  --dry-run             check only, change nothing
  -o json               the answer as JSON
${CONNECTION_HELP}
Examples:
  towpath rollback httproute orders -n shop --wait
  towpath rollback httproute orders -n shop --to 41
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  namespace: { type: 'string', short: 'n', default: 'default' },
  to: { type: 'string' },
  wait: { type: 'boolean', default: false },
  timeout: { type: 'string', default: '10s' },
  'dry-run': { type: 'boolean', default: false },
  output: { type: 'string', short: 'o' },
} as const;

export const rollbackCommand: Command = {
  name: 'rollback',
  summary: 'put an earlier version of a resource in force again',
  help: HELP,
  completions: ['-n', '--to', '--wait', '--timeout', '--dry-run', '-o', '--server', '--mesh', '--creds', '--help'],
  completesLive: true,
  run: runRollback,
};

async function runRollback(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('rollback', args, OPTIONS, 2);
  const reference = referenceOf('rollback', positionals, values.namespace);
  const to = values.to === undefined ? undefined : parseCount('rollback', '--to', values.to);
  const timeoutMs = parseDuration('rollback', '--timeout', values.timeout);
  const connection = connectionOf('rollback', values, io);
  const dryRun = values['dry-run'];
  return withControl(connection, async (client) => {
    const body = JSON.stringify({ ...reference, ...(to !== undefined && { to }) });
    const headers = { ...mutationHeaders(), [DRY_RUN_HEADER]: String(dryRun) };
    const reply = await client.ask('resource', 'rollback', body, changeReplySchema, headers);
    showChange(reply, values.output === 'json', dryRun, io);
    return values.wait && !dryRun ? waitForAgents(client, reply, timeoutMs, io) : 0;
  });
}
