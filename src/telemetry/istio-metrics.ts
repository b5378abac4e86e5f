/**
 * The standard metrics of Istio's sidecars (istio.io, "Istio Standard Metrics"), made at scrape time out of what Towpath counts, so that
 * dashboards for Istio show a mesh of Towpath. What a sidecar of ours does not know is `unknown`, as with Istio. Pure.
 */
import { AT_DURATION, AT_SECONDS, type RequestLabels } from '../contract/request-block.ts';
import type { CountedSeries, RequestCounts } from './counted-series.ts';
import { type HistogramCounts, histogramSamples } from './histogram.ts';
import { type Labels, type Sample, sample } from './metric.ts';
import { durationsOf, groupBy, requestSizesOf, responseSizesOf } from './request-metrics.ts';

const UNKNOWN = 'unknown';

/** A program of this host, as far as Istio's labels go. */
export interface IstioWorkload {
  /** `<namespace>/<name>` */
  readonly key: string;
  /** Labels `app` and `version` of the workload. */
  readonly app: string;
  readonly version: string;
}

export interface IstioHost {
  readonly mesh: string;
  readonly workloads: readonly IstioWorkload[];
  /** Whether the directory has a service `<namespace>/<name>`. */
  readonly isService: (key: string) => boolean;
}

export function istioSamples(
  host: IstioHost,
  counts: readonly RequestCounts[],
  series: readonly CountedSeries[],
): Sample[] {
  const groups = groupBy(counts, (labels) => requestLabels(host, labels));
  const total = ({ values }: { readonly values: readonly number[] }): number =>
    values.slice(AT_DURATION, AT_SECONDS).reduce((a, b) => a + b, 0);
  return [
    ...groups.map((group) => sample('istio_requests_total', total(group), group.labels)),
    ...groups.flatMap((group) =>
      histogramSamples('istio_request_duration_milliseconds', group.labels, milliseconds(durationsOf(group))),
    ),
    ...groups.flatMap((group) => histogramSamples('istio_request_bytes', group.labels, requestSizesOf(group))),
    ...groups.flatMap((group) => histogramSamples('istio_response_bytes', group.labels, responseSizesOf(group))),
    ...TCP.flatMap(([name, from]) => tcpSamples(host, series, name, from)),
  ];
}

const TCP = [
  ['istio_tcp_connections_opened_total', 'towpath_connections_relayed_total'],
  ['istio_tcp_connections_closed_total', 'towpath_connections_closed_total'],
  ['istio_tcp_received_bytes_total', 'towpath_connection_received_bytes_total'],
  ['istio_tcp_sent_bytes_total', 'towpath_connection_sent_bytes_total'],
] as const;

function milliseconds({ bounds, buckets, sum }: HistogramCounts): HistogramCounts {
  return { bounds: bounds.map((bound) => Number((bound * 1000).toPrecision(6))), buckets, sum: sum * 1000 };
}

function requestLabels(host: IstioHost, labels: RequestLabels): Labels {
  const { side, service, protocol, code, flags, grpcStatus, principal } = labels;
  return {
    ...partyLabels(host, side, service, principal),
    request_protocol: protocol === 'grpc' ? 'grpc' : 'http',
    response_code: code,
    ...(protocol === 'grpc' ? { grpc_response_status: grpcStatus } : {}),
    response_flags: flags === '' ? '-' : flags,
  };
}

function tcpSamples(host: IstioHost, series: readonly CountedSeries[], name: string, from: string): Sample[] {
  const sums = new Map<string, Sample & { readonly isIdle: boolean }>();
  for (const { name: found, labels, values, isIdle = false } of series) {
    const { side, service = '', verdict = 'opaque' } = labels;
    if (found !== from || (side !== 'outbound' && side !== 'inbound') || verdict.startsWith('http')) continue;
    const party = partyLabels(host, side, service, labels['principal'] ?? '');
    const wanted = { ...party, request_protocol: 'tcp', response_flags: '-' };
    const key = JSON.stringify(wanted);
    const before = sums.get(key) ?? { value: 0, isIdle: true };
    const value = before.value + (values[0] ?? 0);
    sums.set(key, { name, labels: wanted, value, isIdle: before.isIdle && isIdle });
  }
  return [...sums.values()].flatMap(({ isIdle, ...shown }) => (isIdle ? [] : [shown]));
}

/** Who called whom. The caller of outbound traffic is a program of this host: which one is known where there is only one. */
function partyLabels(
  host: IstioHost,
  side: 'outbound' | 'inbound',
  service: string,
  principal: string,
): Record<string, string> {
  const isOutbound = side === 'outbound';
  const local = host.workloads.length === 1 ? host.workloads[0] : undefined;
  const callee = isOutbound ? undefined : (host.workloads.find(({ key }) => key === service) ?? local);
  const names = isOutbound ? serviceNames(service) : serviceNames(serviceOf(host, callee));
  return {
    reporter: isOutbound ? 'source' : 'destination',
    ...workloadLabels('source', isOutbound ? local : undefined, host.mesh),
    source_principal: isOutbound || principal === '' ? UNKNOWN : `spiffe://${principal}`,
    ...workloadLabels('destination', callee, host.mesh),
    destination_principal: UNKNOWN,
    ...names,
    connection_security_policy: isOutbound ? UNKNOWN : principal === '' ? 'none' : 'mutual_tls',
  };
}

/** The service that a workload is most likely called as: that of its label `app`, or of its own name. */
function serviceOf({ isService }: IstioHost, workload: IstioWorkload | undefined): string {
  if (workload === undefined) return '';
  const [namespace = ''] = workload.key.split('/', 1);
  const candidates = [`${namespace}/${workload.app}`, workload.key];
  return candidates.find(isService) ?? '';
}

function serviceNames(service: string): Labels {
  const [namespace = '', name = ''] = service.split('/', 2);
  if (name === '') {
    const outside = { destination_service_name: 'PassthroughCluster', destination_service_namespace: UNKNOWN };
    return { destination_service: UNKNOWN, ...outside };
  }
  return {
    destination_service: `${name}.${namespace}.svc.cluster.local`,
    destination_service_name: name,
    destination_service_namespace: namespace,
  };
}

function workloadLabels(whose: 'source' | 'destination', workload: IstioWorkload | undefined, mesh: string): Labels {
  const [namespace = '', name = ''] = workload?.key.split('/', 2) ?? [];
  const app = workload?.app ?? '';
  const values = {
    workload: name,
    workload_namespace: namespace,
    app,
    version: workload?.version ?? '',
    canonical_service: app === '' ? name : app,
    canonical_revision: workload === undefined ? '' : workload.version === '' ? 'latest' : workload.version,
    cluster: workload === undefined ? '' : mesh,
  };
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [`${whose}_${key}`, value || UNKNOWN]));
}
