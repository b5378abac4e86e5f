import t from 'tap';
import type { Labels, Sample } from '../../../src/telemetry/metric.ts';
import { groupBy, otelRequestSamples, towpathRequestSamples } from '../../../src/telemetry/request-metrics.ts';
import { requests } from '../../helpers/request-counts.ts';

function counts(samples: readonly Sample[], family: string): { labels: Labels; value: number }[] {
  return samples.filter(({ name }) => name === `${family}_count`).map(({ labels, value }) => ({ labels, value }));
}

function bucket(samples: readonly Sample[], family: string, le: string): number | undefined {
  return samples.find(({ name, labels }) => name === `${family}_bucket` && labels['le'] === le)?.value;
}

t.test('names of our own are by side and service; buckets are cumulative', async (t) => {
  const samples = towpathRequestSamples([
    requests({}, 0.0004, 0.3),
    requests({ code: '503', route: '', backend: '' }, 99),
    requests({ side: 'inbound', service: 'shop/orders-1', backend: '' }, 1),
  ]);
  t.same(counts(samples, 'towpath_request_duration_seconds'), [
    { labels: { side: 'outbound', service: 'shop/orders' }, value: 3 },
    { labels: { side: 'inbound', service: 'shop/orders-1' }, value: 1 },
  ]);
  const family = 'towpath_request_duration_seconds';
  t.equal(bucket(samples, family, '0.0005'), 1);
  t.equal(bucket(samples, family, '0.25'), 1);
  t.equal(bucket(samples, family, '0.5'), 2);
  t.equal(bucket(samples, family, '10.0'), 2);
  t.equal(bucket(samples, family, '+Inf'), 3);
  t.equal(samples.find(({ name }) => name === `${family}_sum`)?.value, 99.3004);
  t.equal(samples.find(({ name }) => name === 'towpath_request_bytes_sum')?.value, 300);
  t.equal(samples.find(({ name }) => name === 'towpath_response_bytes_sum')?.value, 3000);
  t.equal(bucket(samples, 'towpath_response_bytes', '256.0'), 0);
  t.same(
    samples.filter(({ name }) => name === 'towpath_backend_requests_total').map(({ labels, value }) => [labels, value]),
    [[{ side: 'outbound', service: 'shop/orders', route: 'shop/orders/0', backend: 'shop/orders-v2:8080' }, 2]],
  );
});

const HTTP = { url_scheme: 'http', network_protocol_name: 'http', network_protocol_version: '1.1' };
const SERVED = { server_address: 'orders-1.shop' };
const CALLED = {
  server_address: 'orders.shop',
  server_port: '8080',
  http_route: 'shop/orders/0',
  towpath_backend: 'shop/orders-v2:8080',
};
const INBOUND = { side: 'inbound', service: 'shop/orders-1', route: '', backend: '' } as const;

for (const [what, given, family, labels] of [
  [
    'a call',
    {},
    'http_client_request_duration_seconds',
    { ...CALLED, http_request_method: 'GET', http_response_status_code: '200', ...HTTP },
  ],
  [
    'a call of HTTP/2',
    { protocol: 'http2' },
    'http_client_request_duration_seconds',
    { ...CALLED, http_request_method: 'GET', http_response_status_code: '200', ...HTTP, network_protocol_version: '2' },
  ],
  [
    'a client blames itself for 404',
    { code: '404' },
    'http_client_request_duration_seconds',
    { ...CALLED, http_request_method: 'GET', http_response_status_code: '404', error_type: '404', ...HTTP },
  ],
  [
    'a server does not',
    { ...INBOUND, code: '404' },
    'http_server_request_duration_seconds',
    { ...SERVED, http_request_method: 'GET', http_response_status_code: '404', ...HTTP },
  ],
  [
    'a server that failed',
    { ...INBOUND, code: '500' },
    'http_server_request_duration_seconds',
    { ...SERVED, http_request_method: 'GET', http_response_status_code: '500', error_type: '500', ...HTTP },
  ],
  [
    'our own answer says why',
    { code: '503', flags: 'UH' },
    'http_client_request_duration_seconds',
    { ...CALLED, http_request_method: 'GET', http_response_status_code: '503', error_type: 'UH', ...HTTP },
  ],
  [
    'a flag is no error by itself',
    { flags: 'DI' },
    'http_client_request_duration_seconds',
    { ...CALLED, http_request_method: 'GET', http_response_status_code: '200', ...HTTP },
  ],
  [
    'no answer',
    { code: '0', flags: 'DC' },
    'http_client_request_duration_seconds',
    { ...CALLED, http_request_method: 'GET', error_type: 'DC', ...HTTP },
  ],
  [
    'outside the mesh nothing names the host',
    { service: '', route: '', backend: '' },
    'http_client_request_duration_seconds',
    { http_request_method: 'GET', http_response_status_code: '200', ...HTTP },
  ],
  [
    'a gRPC call',
    { protocol: 'grpc', grpcStatus: '0' },
    'rpc_client_call_duration_seconds',
    { ...CALLED, rpc_system_name: 'grpc', rpc_response_status_code: 'OK' },
  ],
  [
    'a gRPC client takes every status for an error',
    { protocol: 'grpc', grpcStatus: '5' },
    'rpc_client_call_duration_seconds',
    { ...CALLED, rpc_system_name: 'grpc', rpc_response_status_code: 'NOT_FOUND', error_type: 'NOT_FOUND' },
  ],
  [
    'a gRPC server only its own',
    { ...INBOUND, protocol: 'grpc', grpcStatus: '5' },
    'rpc_server_call_duration_seconds',
    { ...SERVED, rpc_system_name: 'grpc', rpc_response_status_code: 'NOT_FOUND' },
  ],
  [
    'a gRPC call without status',
    { protocol: 'grpc', flags: 'UC' },
    'rpc_client_call_duration_seconds',
    { ...CALLED, rpc_system_name: 'grpc', error_type: 'UC' },
  ],
] as const) {
  t.test(`OpenTelemetry: ${what}`, async (t) => {
    const samples = otelRequestSamples([requests(given, 0.002)]);
    t.strictSame(counts(samples, family), [{ labels, value: 1 }]);
    t.equal(samples.filter(({ name }) => name.endsWith('_count')).length, 1, 'in no other family');
    t.equal(bucket(samples, family, '0.005'), 1);
    t.equal(bucket(samples, family, '0.0025'), undefined, 'its own bounds alone');
  });
}

t.test('examples stay with their buckets', async (t) => {
  const exemplar = { traceId: 'abc', value: 0.3, seconds: 1 };
  const counted = requests({}, 0.3);
  const exemplars = new Array(18).fill(undefined);
  exemplars[10] = exemplar;
  exemplars[1] = { ...exemplar, traceId: 'quick' };
  const samples = otelRequestSamples([{ ...counted, exemplars }, requests({}, 0.3)]);
  const shown = samples.flatMap(({ labels, exemplar }) =>
    exemplar === undefined ? [] : [[labels['le'], exemplar.traceId]],
  );
  t.strictSame(shown, [
    ['0.005', 'quick'],
    ['0.5', 'abc'],
  ]);
});

t.test('groups add up and leave what they were made of alone', async (t) => {
  const one = requests({}, 1);
  const [group] = groupBy([one, requests({ code: '500' }, 2)], ({ side }) => ({ side }));
  t.equal(group?.values[18], 3);
  t.equal(one.values[18], 1);
});

t.test('what is idle counts on in sums, and is not shown alone', async (t) => {
  const idle = { ...requests({ code: '500' }, 1), isIdle: true };
  const labelsOf = ({ side, code }: { side: string; code: string }) => ({ side, code });
  t.equal(groupBy([idle, requests({}, 1)], ({ side }) => ({ side }))[0]?.values[18], 2);
  t.strictSame(
    groupBy([idle, requests({}, 1)], labelsOf).map(({ labels }) => labels['code']),
    ['200'],
  );
});
