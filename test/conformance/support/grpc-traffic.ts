/** What the agent counted of gRPC calls. */
import type { Metrics } from '../../network/support/metrics.ts';
import type { Side } from '../../network/support/traffic.ts';

/** Calls by `<grpc-status> <flag>`; status `-` = the call ended before one was sent. */
export type Calls = Readonly<Record<string, number>>;

export interface GrpcTraffic {
  /** Connections captured on the outbound side and taken for HTTP/2 by their first bytes. */
  readonly connections: number;
  readonly outbound: Calls;
  readonly inbound: Calls;
}

export function grpcBetween(before: Metrics, after: Metrics): GrpcTraffic {
  const sniffed = { side: 'outbound', verdict: 'http2', reason: 'client-bytes' };
  return {
    connections: after.value('towpath_verdicts_total', sniffed) - before.value('towpath_verdicts_total', sniffed),
    outbound: callsOf(before, after, 'outbound'),
    inbound: callsOf(before, after, 'inbound'),
  };
}

function callsOf(before: Metrics, after: Metrics, side: Side): Calls {
  const calls: Record<string, number> = {};
  for (const { name, labels } of after.samples) {
    const { grpc_status, flags = '' } = labels;
    if (name !== 'towpath_requests_total' || labels['side'] !== side || grpc_status === undefined) continue;
    const wanted = { side, grpc_status, flags };
    const count = after.value(name, wanted) - before.value(name, wanted);
    if (count > 0) calls[`${grpc_status === '' ? '-' : grpc_status} ${flags}`.trim()] = count;
  }
  return calls;
}
