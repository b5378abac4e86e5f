/** The mesh at a glance, as text. Pure. */
import type { HeldService } from '../contract/held-messages.ts';
import type { ControlPing, StatusReply } from '../contract/messages.ts';
import type { CommandIo } from './command.ts';
import { type Colour, formatTable, paint } from './output.ts';

type Io = Pick<CommandIo, 'colour'>;
type Agent = StatusReply['agents'][number];

const COLOURS: Readonly<Record<Agent['state'], Colour>> = {
  SYNCED: 'green',
  STALE: 'yellow',
  ERROR: 'red',
  GONE: 'dim',
};

/** @param controls every control that answered; those of an older version do not */
export function formatStatus(status: StatusReply, controls: readonly ControlPing[], server: string, io: Io): string {
  const resources = Object.entries(status.resources).map(([kind, count]) => `${count} ${kind}`);
  const head = [
    `nats      ${server} (nats-server ${status.natsVersion})`,
    `control   ${status.version}, mesh ${status.mesh}, epoch ${status.epoch}, generation ${status.gen}`,
    ...(controls.length === 0 ? [] : [`replicas  ${formatControls(controls, io)}`]),
    `resources ${resources.length === 0 ? 'none' : resources.join(', ')}; ${status.endpoints} registered workloads`,
    `agents    ${countStates(status.agents)}`,
    ...(status.held ?? []).map((held) => paint(io, 'yellow', formatHeld(held))),
  ];
  if (status.agents.length === 0) return `${head.join('\n')}\n`;
  return `${head.join('\n')}\n\n${formatAgents(status.agents, io)}`;
}

/** One row for each agent. */
export function formatAgents(agents: readonly Agent[], io: Io): string {
  const rows = agents.map((agent) => [
    agent.host,
    paint(io, COLOURS[agent.state], agent.state),
    `${agent.epoch}/${agent.gen}`,
    agent.state === 'GONE' ? '-' : String(agent.behind),
    String(agent.workloads),
    agent.services === null ? '-' : String(agent.services),
    `${agent.lastSeenSeconds}s`,
    agent.version,
    agent.errors[0] === undefined ? '' : `${agent.errors[0].key}: ${agent.errors[0].reason}`,
  ]);
  const header = ['agent', 'state', 'generation', 'behind', 'workloads', 'services', 'seen', 'version', ''];
  return formatTable(header, rows);
}

function formatHeld({ service, endpoints, hosts }: HeldService): string {
  const [namespace = '', name = ''] = service.split('/', 2);
  const command = `towpath confirm ${name}${namespace === 'default' ? '' : ` -n ${namespace}`}`;
  const named = `${hosts.slice(0, 5).join(', ')}${hosts.length > 5 ? ', ...' : ''}`;
  return `held      ${service}: ${endpoints} silent endpoints (${named}) stay in force; if they are gone: ${command}`;
}

function formatControls(controls: readonly ControlPing[], io: Io): string {
  return [...controls]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, state }) => `${id} ${state === 'leads' ? paint(io, 'green', state) : state}`)
    .join(', ');
}

function countStates(agents: readonly Agent[]): string {
  if (agents.length === 0) return 'none';
  const states = ['SYNCED', 'STALE', 'ERROR', 'GONE'] as const;
  const counts = states.map((state) => [state, agents.filter((agent) => agent.state === state).length] as const);
  return counts
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ');
}
