/** The whole mesh as Prometheus metrics: who calls whom, summed over all hosts. Pure. */
import { DURATION_BOUNDS } from '../../contract/request-block.ts';
import { histogramSamples } from '../../telemetry/histogram.ts';
import { type Labels, type Sample, sample } from '../../telemetry/metric.ts';
import { type Edge, IDLE_MS } from './edge-table.ts';
import { parseEnding } from './outcome.ts';

/** @param now ms of the clock that the edges know */
export function meshSamples(edges: readonly Edge[], now: number): Sample[] {
  const http = edges.filter(({ requests }) => requests > 0);
  const other = edges.filter(({ connections, receivedBytes }) => connections + receivedBytes > 0);
  const each = (name: string, of: readonly Edge[], value: (edge: Edge) => number): Sample[] =>
    of.map((edge) => sample(name, value(edge), labelsOf(edge)));
  return [
    ...http.flatMap((edge) => requestSamples(edge, now)),
    ...http.flatMap((edge) =>
      histogramSamples('towpath_mesh_request_duration_seconds', labelsOf(edge), {
        bounds: DURATION_BOUNDS,
        buckets: edge.durations,
        sum: edge.seconds,
      }),
    ),
    ...each('towpath_mesh_request_bytes_total', http, (edge) => edge.requestBytes),
    ...each('towpath_mesh_response_bytes_total', http, (edge) => edge.responseBytes),
    ...each('towpath_mesh_connections_total', other, (edge) => edge.connections),
    ...each('towpath_mesh_connections_failed_total', other, (edge) => edge.failedConnections),
    ...each('towpath_mesh_connection_received_bytes_total', other, (edge) => edge.receivedBytes),
    ...each('towpath_mesh_connection_sent_bytes_total', other, (edge) => edge.sentBytes),
  ];
}

function requestSamples(edge: Edge, now: number): Sample[] {
  return [...edge.endings].flatMap(([key, { requests, changedAt }]) => {
    if (now - changedAt > IDLE_MS) return [];
    const [route = '', ending = ''] = JSON.parse(key) as string[];
    const { code, flags, grpcStatus } = parseEnding(ending);
    const labels = { ...labelsOf(edge), route, code, flags, grpc_status: grpcStatus };
    return sample('towpath_mesh_requests_total', requests, labels);
  });
}

function labelsOf({ side, caller, service, isOverflow }: Edge): Labels {
  return isOverflow ? { side, otel_metric_overflow: 'true' } : { side, caller, service };
}
