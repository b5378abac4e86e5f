/** `towpath status`: NATS, control and every agent, at a glance. */
import { type StatusReply, statusReplySchema } from '../contract/messages.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf, withControl } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { type Colour, formatJson, formatTable, paint } from './output.ts';
import { parseWords } from './parse-words.ts';

const HELP = `Shows whether NATS, control and the agents are there, and which agents run the newest generation.

SYNCED: runs it. STALE: has not answered yet. REJECTED: refused a view and keeps the one before. GONE: its lease ended.

Usage:
  towpath status [-o json]

Options:
  -o json           as JSON
${CONNECTION_HELP}
Exit status: 0 when every live agent is SYNCED, 1 otherwise.

Examples:
  towpath status
  towpath status --server nats://10.0.0.1:4222 -o json
`;

const OPTIONS = { ...CONNECTION_OPTIONS, output: { type: 'string', short: 'o' } } as const;

const COLOURS: Readonly<Record<StatusReply['agents'][number]['state'], Colour>> = {
  SYNCED: 'green',
  STALE: 'yellow',
  REJECTED: 'red',
  GONE: 'dim',
};

export const statusCommand: Command = {
  name: 'status',
  summary: 'show NATS, control and the agents',
  help: HELP,
  completions: ['-o', '--server', '--mesh', '--creds', '--help'],
  run: runStatus,
};

async function runStatus(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseWords('status', args, OPTIONS, 0);
  const connection = connectionOf('status', values, io);
  return withControl(connection, async (client) => {
    const status = await client.ask('mesh', 'status', '', statusReplySchema);
    io.out(values.output === 'json' ? formatJson(status) : formatStatus(status, client.bus.server ?? '', io));
    return status.agents.every(({ state }) => state === 'SYNCED' || state === 'GONE') ? 0 : 1;
  });
}

export function formatStatus(status: StatusReply, server: string, io: Pick<CommandIo, 'colour'>): string {
  const resources = Object.entries(status.resources).map(([kind, count]) => `${count} ${kind}`);
  const head = [
    `nats      ${server} (nats-server ${status.natsVersion})`,
    `control   ${status.version}, mesh ${status.mesh}, epoch ${status.epoch}, generation ${status.gen}`,
    `resources ${resources.length === 0 ? 'none' : resources.join(', ')}; ${status.endpoints} registered workloads`,
  ];
  if (status.agents.length === 0) return `${head.join('\n')}\nagents    none\n`;
  const rows = status.agents.map((agent) => [
    agent.host,
    paint(io, COLOURS[agent.state], agent.state),
    `${agent.epoch}/${agent.gen}`,
    String(agent.workloads),
    `${agent.lastSeenSeconds}s`,
    agent.version,
    agent.errors[0] === undefined ? '' : `${agent.errors[0].key}: ${agent.errors[0].reason}`,
  ]);
  return `${head.join('\n')}\n\n${formatTable(['agent', 'state', 'generation', 'workloads', 'seen', 'version', ''], rows)}`;
}
