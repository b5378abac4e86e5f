/** The running agent's status as text for people. Pure. */
import { z } from '../core/schema.ts';
import type { CommandIo } from './command.ts';
import { formatTable, paint } from './output.ts';

const sourceSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('files'), paths: z.array(z.string()), problems: z.array(z.string()) }),
  z.object({
    type: z.literal('control'),
    connected: z.boolean(),
    server: z.string().nullable(),
    viewAgeSeconds: z.number().nullable(),
    lastRejection: z.string().nullable(),
  }),
]);

export const statusSchema = z.object({
  version: z.string(),
  pid: z.number(),
  mesh: z.string(),
  host: z.string(),
  uptimeSeconds: z.number(),
  phase: z.string(),
  problems: z.array(z.string()),
  views: z.object({
    source: sourceSchema,
    directory: z.object({ gen: z.number(), services: z.number() }).nullable(),
    services: z.array(z.object({ service: z.string(), epoch: z.number(), gen: z.number() })),
  }),
  workloads: z.array(z.object({ key: z.string(), address: z.string(), healthy: z.boolean() })),
  interception: z.discriminatedUnion('enabled', [
    z.object({ enabled: z.literal(false) }),
    z.object({ enabled: z.literal(true), repairs: z.number(), lease: z.enum(['live', 'paused', 'none']) }),
  ]),
});

export type AgentStatus = z.output<typeof statusSchema>;

export function formatAgentStatus(status: AgentStatus, io: Pick<CommandIo, 'colour'>): string {
  const { views, interception } = status;
  const facts = [
    ['agent', `towpath ${status.version}, pid ${status.pid}, up ${formatDuration(status.uptimeSeconds)}`],
    ['host', `${status.host} in mesh ${status.mesh}`],
    ['phase', paint(io, status.problems.length === 0 ? 'green' : 'yellow', status.phase)],
    ['views', describeSource(views.source)],
    ['directory', views.directory === null ? 'none yet' : `${views.directory.services} services`],
    ['rules', describeRules(interception)],
    ...status.problems.map((problem) => ['problem', paint(io, 'red', problem)]),
  ];
  const width = Math.max(...facts.map(([name]) => name?.length ?? 0));
  const sections = [facts.map(([name = '', text]) => `${`${name}:`.padEnd(width + 3)}${text}\n`).join('')];
  if (views.services.length > 0) {
    const rows = views.services.map((s) => [s.service, `${s.epoch}.${s.gen}`]);
    sections.push(formatTable(['service', 'version'], rows));
  }
  if (status.workloads.length > 0) {
    const rows = status.workloads.map((w) => [w.key, w.address, w.healthy ? 'yes' : paint(io, 'red', 'no')]);
    sections.push(formatTable(['workload', 'address', 'healthy'], rows));
  }
  return sections.join('\n');
}

function describeSource(source: AgentStatus['views']['source']): string {
  if (source.type === 'files') {
    const state = source.problems.length === 0 ? '' : `; NOT applied: ${source.problems.join('; ')}`;
    return `from ${source.paths.join(', ')}${state}`;
  }
  const age =
    source.viewAgeSeconds === null ? 'never compared' : `compared ${formatDuration(source.viewAgeSeconds)} ago`;
  const link = source.connected ? `from control by ${source.server ?? 'NATS'}` : 'last known good; control is away';
  return `${link}, ${age}${source.lastRejection === null ? '' : `; refused: ${source.lastRejection}`}`;
}

function describeRules(interception: AgentStatus['interception']): string {
  if (!interception.enabled) return 'not installed';
  const repairs = `repaired ${interception.repairs} times`;
  switch (interception.lease) {
    case 'live':
      return `in force while the agent lives (lease), ${repairs}`;
    case 'paused':
      return `paused: programs talk directly, ${repairs}`;
    case 'none':
      return `in force, with or without the agent (failure: closed), ${repairs}`;
  }
}

/** `42 s`, `3 min`, `5 h`, `2 d`: the largest unit that is full. */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
