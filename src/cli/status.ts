/** `towpath status`: NATS, control and every agent, at a glance. */
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import { type ControlPing, controlPingSchema, type StatusReply, statusReplySchema } from '../contract/messages.ts';
import { subjectsOf } from '../contract/subjects.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, type ControlClient, connectionOf, withControl } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { formatAgents, formatStatus } from './format-status.ts';
import { formatJson } from './output.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

const HELP = `Shows whether NATS, control and the agents are there, and which agents run the newest generation.

SYNCED: runs it. STALE: has not answered yet. ERROR: refused a view and keeps the one before. GONE: its lease ended.

Usage:
  towpath status [--check | --watch] [-o json]

Options:
  --check           only the agents that are not SYNCED; status 1 when a live one is not
  --watch           again every two seconds, until interrupted
  -o json           as JSON
${CONNECTION_HELP}
Exit status: 0 when every live agent is SYNCED, 1 otherwise.

Examples:
  towpath status
  towpath status --check || echo "not everybody runs it"
  towpath status --server nats://10.0.0.1:4222 -o json
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  check: { type: 'boolean', default: false },
  watch: { type: 'boolean', default: false },
  output: { type: 'string', short: 'o' },
} as const;

const WATCH_MS = 2_000;
/** Standing-by controls answer at once, or are not there. */
const PING_MS = 200;

export const statusCommand: Command = {
  name: 'status',
  summary: 'show NATS, control and the agents',
  help: HELP,
  completions: ['--check', '--watch', '-o', '--server', '--mesh', '--creds', '--help'],
  run: runStatus,
};

async function runStatus(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseWords('status', args, OPTIONS, 0);
  const { check, watch } = values;
  if (check && watch) throw wrongUsage('status', 'either --check or --watch, not both');
  const connection = connectionOf('status', values, io);
  return withControl(connection, async (client) => {
    const controlsSubject = subjectsOf(connection.mesh).controls('ping');
    for (;;) {
      const [status, controls] = await Promise.all([
        client.ask('mesh', 'status', '', statusReplySchema),
        pingControls(client, controlsSubject),
      ]);
      const server = client.bus.server ?? '';
      if (values.output === 'json') io.out(formatJson({ ...status, controls }));
      else if (check) io.out(formatUnsynced(status, io));
      else io.out(`${watch && io.colour ? CLEAR : ''}${formatStatus(status, controls, server, io)}`);
      if (!watch) return status.agents.every(isFine) ? 0 : 1;
      if (!io.colour && values.output !== 'json') io.out('\n');
      await sleep(WATCH_MS);
    }
  });
}

/** Clears a terminal. */
const CLEAR = '\u001b[H\u001b[2J';

function isFine({ state }: StatusReply['agents'][number]): boolean {
  return state === 'SYNCED' || state === 'GONE';
}

function formatUnsynced({ agents }: StatusReply, io: CommandIo): string {
  const bad = agents.filter((agent) => !isFine(agent));
  return bad.length === 0 ? '' : formatAgents(bad, io);
}

async function pingControls(client: ControlClient, subject: string): Promise<ControlPing[]> {
  const replies = await client.bus.requestMany(subject, '', PING_MS).catch(() => []);
  return replies.flatMap(({ data }) => {
    const ping = decodeJson(data, controlPingSchema, MAX_RECORD_BYTES);
    return ping.ok ? [ping.value] : [];
  });
}
