/** The live state of a data thread, for `towpath agent dump`. */
import type { DataThreadDump, EndpointHealthDump } from '../contract/data-thread.ts';
import type { Context } from './context.ts';
import type { ClusterHealth } from './endpoints/cluster-health.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { Http2Connection } from './http2-connection.ts';

type EndpointDump = DataThreadDump['endpoints'][number] & {
  /** Where it was spoken to in HTTP/2: connections, streams open on them, requests that wait for one. */
  readonly http2?: { readonly connections: number; readonly streams: number; readonly waiting: number };
};

export interface StateDump extends DataThreadDump {
  readonly endpoints: readonly EndpointDump[];
  /** Clients that speak HTTP/2, and their streams. */
  readonly http2Clients: { readonly connections: number; readonly streams: number };
}

export function dumpState(context: Context): StateDump {
  const endpoints = [...context.outbound.all(), ...context.inbound.all()];
  return {
    services: context.table.services(),
    endpoints: endpoints.map(dumpEndpoint),
    health: [...context.table.healths.all()].flatMap((health) => dumpHealth(health, context.reactor.now)),
    connections: context.reactor.openSockets,
    http2Clients: countHttp2Clients(context),
    verdicts: context.serverFirst.all(),
  };
}

function dumpEndpoint({ text, active, idle, http2 }: Endpoint): EndpointDump {
  const dump = { address: text, active, idleConnections: idle.length };
  if (http2 === null) return dump;
  return { ...dump, http2: { connections: http2.connectionCount, streams: http2.openStreams, waiting: http2.waiting } };
}

function dumpHealth(health: ClusterHealth, now: number): EndpointHealthDump[] {
  return Array.from(health.states(), ({ endpoint, isUsable, ejectedUntil, timesEjected, passes }) => {
    const ejected = ejectedUntil > 0 ? { ejectedMs: Math.max(0, Math.round(ejectedUntil - now)) } : {};
    const checked = passes === null ? {} : { passes };
    return { cluster: health.key, endpoint: endpoint.text, usable: isUsable, timesEjected, ...ejected, ...checked };
  });
}

function countHttp2Clients(context: Context): StateDump['http2Clients'] {
  let connections = 0;
  let streams = 0;
  context.reactor.forEachSocket(({ handler }) => {
    if (!(handler instanceof Http2Connection)) return;
    connections++;
    streams += handler.openStreams;
  });
  return { connections, streams };
}
