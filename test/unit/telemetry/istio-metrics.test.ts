import t from 'tap';
import { type CountedSeries, seriesKey } from '../../../src/telemetry/counted-series.ts';
import { type IstioHost, istioSamples } from '../../../src/telemetry/istio-metrics.ts';
import { requests } from '../../helpers/request-counts.ts';

const HOST: IstioHost = {
  mesh: 'prod',
  workloads: [{ key: 'shop/web-1', app: 'web', version: 'v3' }],
  isService: (key) => key === 'shop/web',
};

function series(name: string, labels: Record<string, string>, value: number): CountedSeries {
  return { key: seriesKey(name, labels), name, labels, values: [value] };
}

t.test('a call has the labels that dashboards for Istio ask for', async (t) => {
  const samples = istioSamples(HOST, [requests({ code: '503', flags: 'UH' }, 0.25)], []);
  const total = samples.find(({ name }) => name === 'istio_requests_total');
  t.strictSame(total, {
    name: 'istio_requests_total',
    labels: {
      reporter: 'source',
      source_workload: 'web-1',
      source_workload_namespace: 'shop',
      source_app: 'web',
      source_version: 'v3',
      source_canonical_service: 'web',
      source_canonical_revision: 'v3',
      source_cluster: 'prod',
      source_principal: 'unknown',
      destination_workload: 'unknown',
      destination_workload_namespace: 'unknown',
      destination_app: 'unknown',
      destination_version: 'unknown',
      destination_canonical_service: 'unknown',
      destination_canonical_revision: 'unknown',
      destination_cluster: 'unknown',
      destination_principal: 'unknown',
      destination_service: 'orders.shop.svc.cluster.local',
      destination_service_name: 'orders',
      destination_service_namespace: 'shop',
      connection_security_policy: 'unknown',
      request_protocol: 'http',
      response_code: '503',
      response_flags: 'UH',
    },
    value: 1,
  });
  const named = (name: string, le?: string) => samples.find((s) => s.name === name && s.labels['le'] === le)?.value;
  t.equal(named('istio_request_duration_milliseconds_bucket', '100.0'), 0);
  t.equal(named('istio_request_duration_milliseconds_bucket', '250.0'), 1);
  t.equal(named('istio_request_duration_milliseconds_bucket', '0.5'), 0);
  t.equal(named('istio_request_duration_milliseconds_sum'), 250);
  t.equal(named('istio_request_bytes_sum'), 100);
  t.equal(named('istio_response_bytes_sum'), 1000);
});

t.test('a workload of this host is the destination, its caller known by its certificate', async (t) => {
  const inbound = { side: 'inbound', service: 'shop/web-1', route: '', backend: '' } as const;
  const [sample] = istioSamples(
    HOST,
    [requests({ ...inbound, protocol: 'grpc', grpcStatus: '0', principal: 'mesh/ns/shop/sa/orders' }, 1)],
    [],
  );
  t.match(sample?.labels, {
    reporter: 'destination',
    source_workload: 'unknown',
    source_principal: 'spiffe://mesh/ns/shop/sa/orders',
    destination_workload: 'web-1',
    destination_app: 'web',
    destination_service: 'web.shop.svc.cluster.local',
    destination_service_name: 'web',
    connection_security_policy: 'mutual_tls',
    request_protocol: 'grpc',
    grpc_response_status: '0',
    response_flags: '-',
  });
  const [plain] = istioSamples(HOST, [requests(inbound, 1)], []);
  t.match(plain?.labels, { connection_security_policy: 'none', source_principal: 'unknown' });
});

t.test('of several workloads on a host none is said to have called', async (t) => {
  const workloads = [...HOST.workloads, { key: 'shop/other', app: '', version: '' }];
  const [sample] = istioSamples({ ...HOST, workloads }, [requests({ service: '' }, 1)], []);
  t.match(sample?.labels, { source_workload: 'unknown', destination_service_name: 'PassthroughCluster' });
});

t.test('connections that are not HTTP are counted as TCP', async (t) => {
  const labels = { side: 'outbound', service: 'shop/cache' };
  const samples = istioSamples(
    HOST,
    [],
    [
      series('towpath_connections_relayed_total', { ...labels, verdict: 'opaque' }, 3),
      series('towpath_connections_closed_total', { ...labels, verdict: 'opaque', ending: 'closed' }, 1),
      series('towpath_connections_closed_total', { ...labels, verdict: 'tls', ending: 'reset' }, 1),
      series('towpath_connections_closed_total', { ...labels, verdict: 'http1', ending: 'closed' }, 9),
      series('towpath_connection_received_bytes_total', { ...labels, verdict: 'opaque' }, 100),
      series('towpath_connection_sent_bytes_total', { ...labels, verdict: 'opaque' }, 200),
    ],
  );
  t.strictSame(
    samples.map(({ name, value, labels }) => [name, value, labels['destination_service_name']]),
    [
      ['istio_tcp_connections_opened_total', 3, 'cache'],
      ['istio_tcp_connections_closed_total', 2, 'cache'],
      ['istio_tcp_received_bytes_total', 100, 'cache'],
      ['istio_tcp_sent_bytes_total', 200, 'cache'],
    ],
  );
  t.match(samples[0]?.labels, { request_protocol: 'tcp', reporter: 'source' });
});
