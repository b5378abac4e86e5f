/** A record of a failed request, for tests. */
import type { FailureRecord } from '../../src/contract/failure-record.ts';

export function failureRecord(overrides: Partial<FailureRecord> = {}): FailureRecord {
  return {
    id: '0123456789a-1',
    host: 'shop-01',
    kind: 'request',
    time: '2026-11-29T08:00:00.000Z',
    direction: 'outbound',
    flag: 'UF',
    sentence: '10.0.0.5:8080 refused the connection',
    events: [],
    protocol: 'HTTP/1.1',
    method: 'GET',
    target: '/a?x=1',
    authority: 'orders.shop',
    requestId: 'r-1',
    traceId: '',
    status: 503,
    grpcStatus: -1,
    attempts: 1,
    service: 'shop/orders',
    route: '',
    cluster: 'shop/orders:80',
    endpoint: '10.0.0.5:8080',
    client: '10.0.0.1:40000',
    destination: '240.240.0.1:80',
    principal: '',
    durationMs: 1.5,
    bytesReceived: 0,
    bytesSent: 40,
    ending: '',
    verdict: '',
    ...overrides,
  };
}
