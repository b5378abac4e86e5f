/** Answers `control.metrics.query`: rates, success and latency of who calls whom. Pure. */
import { METRICS_STEP_SECONDS, type MetricsQuery, type MetricsReply } from '../../contract/mesh-metrics.ts';
import type { Edge } from './edge-table.ts';
import { describeTraffic } from './traffic-window.ts';

/** So that an answer fits into a message of NATS. */
const MAX_ANSWERED = 1_500;

/** @param hosts that report, and that are silent @param now ms of the clock that the edges know */
export function answerQuery(
  query: MetricsQuery,
  edges: Iterable<Edge>,
  hosts: MetricsReply['hosts'],
  now: number,
): MetricsReply {
  const windowSeconds = Math.ceil(query.windowSeconds / METRICS_STEP_SECONDS) * METRICS_STEP_SECONDS;
  const wanted = [...edges]
    .filter(({ side, caller, service }) => {
      if (query.side !== undefined && side !== query.side) return false;
      if (query.caller !== undefined && caller !== query.caller) return false;
      return query.service === undefined || service === query.service;
    })
    .toSorted((a, b) => compare(a.caller, b.caller) || compare(a.service, b.service) || compare(a.side, b.side));
  const described = wanted.map((edge) => ({
    side: edge.side,
    caller: edge.caller,
    service: edge.service,
    ...describeTraffic(edge.window.sum(windowSeconds, now), windowSeconds, edge.requests),
  }));
  const services = servicesOf(wanted, windowSeconds, now);
  const truncated = described.length > MAX_ANSWERED || services.length > MAX_ANSWERED;
  return {
    windowSeconds,
    hosts,
    edges: described.slice(0, MAX_ANSWERED),
    services: services.slice(0, MAX_ANSWERED),
    truncated,
  };
}

/** Both ends of a call report it: callers' reports count, those of the called where there is none. */
function servicesOf(edges: readonly Edge[], seconds: number, now: number): MetricsReply['services'] {
  const byService = new Map<string, Edge[]>();
  for (const edge of edges) byService.set(edge.service, [...(byService.get(edge.service) ?? []), edge]);
  return [...byService]
    .toSorted(([a], [b]) => compare(a, b))
    .map(([service, all]) => {
      const outbound = all.filter(({ side }) => side === 'outbound');
      const counted = outbound.length > 0 ? outbound : all;
      const callers = new Set(counted.map(({ caller }) => caller));
      const requests = counted.reduce((sum, edge) => sum + edge.requests, 0);
      let sums: Float64Array | undefined;
      for (const edge of counted) sums = edge.window.sum(seconds, now, sums);
      return { service, callers: callers.size, ...describeTraffic(sums ?? new Float64Array(0), seconds, requests) };
    });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
