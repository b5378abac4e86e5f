/** What the agent says of itself: to the admin port, to operators over NATS, to Prometheus. */
import { explainQuestionSchema } from '../contract/decision-trace.ts';
import type { WhyReply } from '../contract/failure-record.ts';
import { UserError } from '../core/errors.ts';
import { hidePassword } from '../core/hide-password.ts';
import { problemsOf } from '../core/schema.ts';
import type { AgentParts } from './agent-parts.ts';

/** `towpath agent status` and the NATS command `status`. */
export async function reportStatus(parts: AgentParts): Promise<Record<string, unknown>> {
  const { config, version } = parts.options;
  const { directory, services } = parts.store.snapshot();
  return {
    version,
    node: process.versions.node,
    pid: process.pid,
    mesh: config.mesh,
    host: config.host,
    uptimeSeconds: Math.round(process.uptime()),
    phase: parts.phase(),
    problems: [...illnesses(parts), ...hindrances(parts)],
    views: {
      source: parts.source.describe(),
      directory: directory === null ? null : { ...directory.version, services: directory.services.length },
      services: services.map((s) => ({ service: `${s.namespace}/${s.name}`, ...s.version })),
    },
    workloads: healthOf(parts),
    identities: parts.identities?.status() ?? null,
    interception: parts.keeper === null ? { enabled: false } : { enabled: true, ...parts.keeper.state() },
    dns: parts.dns === null ? { capture: false } : { capture: true, port: config.dns.port, counts: parts.dns.counts() },
    records: parts.records.counts(),
    dataThreads: {
      count: config.dataThreads,
      heartbeatAgeMs: Math.round(parts.threads.heartbeatAgeMs()),
      connections: parts.threads.connections(),
    },
  };
}

/** `towpath agent dump`: the status, every view in force, and the live state of each data thread. */
export async function reportDump(parts: AgentParts): Promise<Record<string, unknown>> {
  const status = await reportStatus(parts);
  return { status, views: parts.store.snapshot(), dataThreads: await parts.threads.dump() };
}

/** `towpath explain` and the NATS command `explain`: what becomes of such a request here. Throws UserError. */
export async function reportExplain(parts: AgentParts, body: unknown): Promise<Record<string, unknown>> {
  const question = explainQuestionSchema.safeParse(body);
  if (!question.success) throw new UserError(problemsOf(question.error, ''));
  const { host } = parts.options.config;
  return { host, ...(await parts.threads.explain(question.data)) };
}

/** `towpath why` and the NATS commands `why`. @param id of a failure, a request, a connection or a trace */
export function reportWhy(parts: AgentParts, id: string): WhyReply {
  return { records: parts.records.why(id) };
}

/** The settings in force; a password inside a server's address is not shown. */
export function reportConfig({ options }: AgentParts): unknown {
  const { nats, ...config } = options.config;
  const servers = nats.servers.map(hidePassword);
  return { ...config, nats: { ...nats, servers }, standalone: options.standalone };
}

/** Why the agent should be restarted by whoever watches it. */
export function illnesses(parts: AgentParts): string[] {
  return parts.stallWatch.isStalled() ? ['a data thread hangs'] : [];
}

/** Why it is not, or no longer, ready. Control being away is no reason: the last-known-good views are in force. */
export function hindrances(parts: AgentParts): string[] {
  switch (parts.phase()) {
    case 'starting':
      return ['the agent is starting'];
    case 'draining':
      return ['the agent is draining'];
    case 'running':
      return [];
  }
}

/** The local workloads, and whether they pass their probes. */
export function healthOf(
  parts: AgentParts,
): { readonly key: string; readonly address: string; readonly healthy: boolean }[] {
  return parts.workloads.map((w) => ({ key: w.key, address: w.address, healthy: parts.probes.isHealthy(w) }));
}
