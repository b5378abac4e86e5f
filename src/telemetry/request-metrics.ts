/**
 * The metrics of requests, made at scrape time out of the blocks that data threads count (`contract/request-block.ts`): Towpath's own
 * names, and those of OpenTelemetry's semantic conventions. Pure.
 */
import { isFailure } from '../contract/is-failure.ts';
import {
  AT_DURATION,
  AT_REQUEST_BYTES,
  AT_REQUEST_SIZE,
  AT_RESPONSE_BYTES,
  AT_RESPONSE_SIZE,
  AT_SECONDS,
  DURATION_BOUNDS,
  OWN_DURATION_BOUNDS,
  type RequestLabels,
  SIZE_BOUNDS,
} from '../contract/request-block.ts';
import type { RequestCounts } from './counted-series.ts';
import { grpcStatusName } from './grpc-status-name.ts';
import { type HistogramCounts, histogramSamples } from './histogram.ts';
import { type Labels, type Sample, sample } from './metric.ts';

const OTEL_BOUNDS = DURATION_BOUNDS.slice(OWN_DURATION_BOUNDS);
/** gRPC statuses that are errors of a server (OpenTelemetry, "gRPC"); for a client all but OK are. */
const SERVER_ERRORS: ReadonlySet<string> = new Set(['2', '4', '12', '13', '14', '15']);

/** Blocks that share labels, added up. */
export interface Group {
  readonly labels: Labels;
  readonly values: readonly number[];
  readonly exemplars?: RequestCounts['exemplars'];
}

/** While it is filled. */
interface Open {
  readonly labels: Labels;
  readonly values: number[];
  exemplars?: RequestCounts['exemplars'];
  isIdle: boolean;
}

/** Groups in which something is in use. @param labelsOf null = not among them */
export function groupBy(all: readonly RequestCounts[], labelsOf: (labels: RequestLabels) => Labels | null): Group[] {
  const groups = new Map<string, Open>();
  for (const { labels, values, exemplars, isIdle = false } of all) {
    const wanted = labelsOf(labels);
    if (wanted === null) continue;
    const key = JSON.stringify(wanted);
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, { labels: wanted, values: [...values], exemplars, isIdle });
      continue;
    }
    for (const [i, value] of values.entries()) group.values[i] = (group.values[i] ?? 0) + value;
    group.isIdle &&= isIdle;
    if (exemplars !== undefined) group.exemplars = exemplars.map((one, i) => one ?? group.exemplars?.[i]);
  }
  return [...groups.values()].filter(({ isIdle }) => !isIdle);
}

/** Durations of a block. */
export function durationsOf({ values, exemplars }: Omit<Group, 'labels'>): HistogramCounts {
  const buckets = values.slice(AT_DURATION, AT_SECONDS);
  return { bounds: DURATION_BOUNDS, buckets, sum: values[AT_SECONDS] ?? 0, exemplars };
}

/** The same by OpenTelemetry's bounds. */
export function otelDurationsOf(group: Omit<Group, 'labels'>): HistogramCounts {
  const { buckets, sum, exemplars } = durationsOf(group);
  const quick = OWN_DURATION_BOUNDS + 1;
  const first = buckets.slice(0, quick).reduce(add, 0);
  const example = exemplars?.slice(0, quick).findLast((one) => one !== undefined);
  return {
    bounds: OTEL_BOUNDS,
    buckets: [first, ...buckets.slice(quick)],
    sum,
    exemplars: exemplars === undefined ? undefined : [example, ...exemplars.slice(quick)],
  };
}

/** Sizes of requests, in bytes. */
export function requestSizesOf({ values }: Omit<Group, 'labels'>): HistogramCounts {
  const buckets = values.slice(AT_REQUEST_SIZE, AT_REQUEST_BYTES);
  return { bounds: SIZE_BOUNDS, buckets, sum: values[AT_REQUEST_BYTES] ?? 0 };
}

/** Sizes of responses, in bytes. */
export function responseSizesOf({ values }: Omit<Group, 'labels'>): HistogramCounts {
  const buckets = values.slice(AT_RESPONSE_SIZE, AT_RESPONSE_BYTES);
  return { bounds: SIZE_BOUNDS, buckets, sum: values[AT_RESPONSE_BYTES] ?? 0 };
}

/** Towpath's own names, by side and service. */
export function towpathRequestSamples(all: readonly RequestCounts[]): Sample[] {
  const groups = groupBy(all, ({ side, service }) => ({ side, service }));
  const backends = groupBy(all, ({ side, service, route, backend }) =>
    backend === '' ? null : { side, service, route, backend },
  );
  return [
    ...groups.flatMap((group) =>
      histogramSamples('towpath_request_duration_seconds', group.labels, durationsOf(group)),
    ),
    ...groups.flatMap((group) => histogramSamples('towpath_request_bytes', group.labels, requestSizesOf(group))),
    ...groups.flatMap((group) => histogramSamples('towpath_response_bytes', group.labels, responseSizesOf(group))),
    ...backends.map(({ labels, values }) =>
      sample('towpath_backend_requests_total', values.slice(AT_DURATION, AT_SECONDS).reduce(add, 0), labels),
    ),
  ];
}

function add(a: number, b: number): number {
  return a + b;
}

/** Names and attributes of OpenTelemetry's semantic conventions for HTTP and RPC, in Prometheus' spelling. */
export function otelRequestSamples(counts: readonly RequestCounts[]): Sample[] {
  const all = counts.filter(({ isMerged }) => isMerged !== true);
  return [
    ...durations(all, 'http_server_request_duration_seconds', (l) => httpLabels(l, 'inbound')),
    ...durations(all, 'http_client_request_duration_seconds', (l) => httpLabels(l, 'outbound')),
    ...durations(all, 'rpc_server_call_duration_seconds', (l) => rpcLabels(l, 'inbound')),
    ...durations(all, 'rpc_client_call_duration_seconds', (l) => rpcLabels(l, 'outbound')),
  ];
}

function durations(
  all: readonly RequestCounts[],
  name: string,
  labelsOf: (labels: RequestLabels) => Labels | null,
): Sample[] {
  return groupBy(all, labelsOf).flatMap((group) => histogramSamples(name, group.labels, otelDurationsOf(group)));
}

/** null: it is gRPC, the other side's, or no request at all. */
function httpLabels(labels: RequestLabels, side: RequestLabels['side']): Labels | null {
  const { protocol, method, code, flags } = labels;
  if (labels.side !== side || protocol === 'grpc') return null;
  const status = Number.parseInt(code, 10);
  // As in spans: an answer that was cut short is an error whatever its code.
  const isError = isFailure(flags) || code === '0' || status >= (side === 'inbound' ? 500 : 400);
  return {
    ...peerLabels(labels),
    http_request_method: method === '' ? '_OTHER' : method,
    ...(code === '0' ? {} : { http_response_status_code: code }),
    ...(isError ? { error_type: flags !== '' ? flags : code === '0' ? '_OTHER' : code } : {}),
    url_scheme: 'http',
    network_protocol_name: 'http',
    network_protocol_version: protocol === 'http2' ? '2' : '1.1',
  };
}

function rpcLabels(labels: RequestLabels, side: RequestLabels['side']): Labels | null {
  const { protocol, grpcStatus, flags } = labels;
  if (labels.side !== side || protocol !== 'grpc') return null;
  const name = grpcStatusName(grpcStatus);
  const isError = grpcStatus === '' || (side === 'inbound' ? SERVER_ERRORS.has(grpcStatus) : grpcStatus !== '0');
  return {
    ...peerLabels(labels),
    rpc_system_name: 'grpc',
    ...(name === '' ? {} : { rpc_response_status_code: name }),
    ...(isError ? { error_type: flags !== '' ? flags : name === '' ? '_OTHER' : name } : {}),
  };
}

/** Who was called, and by which rule. Hosts of requests are never labels: only what is a service, or a workload, of the mesh is. */
function peerLabels({ service, route, backend }: RequestLabels): Record<string, string> {
  const [namespace = '', name = ''] = service.split('/', 2);
  const port = /:(\d+)$/.exec(backend)?.[1];
  return {
    ...(service === '' ? {} : { server_address: `${name}.${namespace}` }),
    ...(port === undefined ? {} : { server_port: port }),
    ...(route === '' ? {} : { http_route: route }),
    ...(backend === '' ? {} : { towpath_backend: backend }),
  };
}
