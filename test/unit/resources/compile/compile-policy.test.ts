import t from 'tap';
import { decodeServiceView } from '../../../../src/contract/decode.ts';
import { type Manifest, parent, service, trafficPolicy, viewOf } from '../world.ts';

const KEY = 'shop/orders:80';

/** What a policy adds to a cluster without one. */
function membersOf(spec: Manifest): Manifest {
  const plain = viewOf([service('orders')]).clusters[KEY];
  const cluster = viewOf([service('orders'), trafficPolicy('p', [parent('orders')], spec)]).clusters[KEY];
  const known = new Map(Object.entries(plain ?? {}).map(([name, value]) => [name, JSON.stringify(value)]));
  return Object.fromEntries(
    Object.entries(cluster ?? {}).filter(([name, value]) => known.get(name) !== JSON.stringify(value)),
  );
}

const hash = (consistentHash: Manifest): Manifest => ({ loadBalancer: { type: 'ConsistentHash', consistentHash } });

t.test('what each setting becomes in a cluster', async (t) => {
  const cases: readonly (readonly [string, Manifest, Manifest])[] = [
    ['nothing', {}, {}],
    ['the default balancer spelt out', { loadBalancer: { type: 'LeastRequest' } }, {}],
    ['Random', { loadBalancer: { type: 'Random' } }, { loadBalancer: 'Random' }],
    ['hash of the address', hash({ type: 'SourceIP' }), { loadBalancer: 'ConsistentHash', hash: { type: 'SourceIP' } }],
    [
      'hash of a header, in lower case',
      hash({ type: 'Headers', headers: [{ name: 'X-User' }] }),
      { loadBalancer: 'ConsistentHash', hash: { type: 'Header', name: 'x-user' } },
    ],
    [
      'hash of a cookie that is never made',
      hash({ type: 'Cookie', cookie: { name: 'Sid' } }),
      { loadBalancer: 'ConsistentHash', hash: { type: 'Cookie', name: 'Sid' } },
    ],
    [
      'hash of a cookie that lasts for the browser session',
      hash({ type: 'Cookie', cookie: { name: 'sid', ttl: '0s' } }),
      { loadBalancer: 'ConsistentHash', hash: { type: 'Cookie', name: 'sid', ttlMs: 0 } },
    ],
    [
      'hash of a query parameter',
      hash({ type: 'QueryParams', queryParams: [{ name: 'User' }] }),
      { loadBalancer: 'ConsistentHash', hash: { type: 'QueryParam', name: 'User' } },
    ],
    [
      'slow start, near endpoints',
      { loadBalancer: { type: 'RoundRobin', slowStart: { window: '1m30s' }, zoneAware: { preferLocal: {} } } },
      { loadBalancer: 'RoundRobin', slowStartMs: 90_000, preferLocal: true },
    ],
    [
      'circuit breakers, only those that are written',
      { circuitBreaker: { maxConnections: 200, maxParallelRetries: 0, perEndpoint: { maxConnections: 7 } } },
      { circuitBreaker: { maxConnections: 200, maxParallelRetries: 0, maxConnectionsPerEndpoint: 7 } },
    ],
    [
      'passive checks',
      { healthCheck: { passive: { failurePercentageThreshold: 85, successRate: {} }, panicThreshold: 50 } },
      {
        outlier: {
          consecutive5xx: 5,
          consecutiveGatewayErrors: 0,
          consecutiveLocalErrors: 5,
          splitLocalErrors: false,
          successRate: { stdevFactor: 1900, minHosts: 5, minRequests: 100 },
          failurePercentage: { threshold: 85, minRequests: 50 },
          intervalMs: 10_000,
          baseEjectionMs: 30_000,
          maxEjectionMs: 300_000,
          maxEjectionPercent: 50,
          alwaysEjectOne: false,
        },
        panicThreshold: 50,
      },
    ],
    [
      'active checks by HTTP',
      {
        healthCheck: {
          active: { type: 'HTTP', http: { path: '/h', hostname: 'h.example', expectedStatuses: [200, 204] } },
        },
      },
      {
        activeCheck: {
          intervalMs: 10_000,
          timeoutMs: 1_000,
          unhealthyThreshold: 3,
          healthyThreshold: 1,
          check: { type: 'HTTP', path: '/h', host: 'h.example', method: 'GET', expectedStatuses: [200, 204] },
        },
      },
    ],
    [
      'active checks by gRPC',
      { healthCheck: { active: { type: 'GRPC', interval: '500ms', grpc: { service: 'shop.Pay' } } } },
      {
        activeCheck: {
          intervalMs: 500,
          timeoutMs: 1_000,
          unhealthyThreshold: 3,
          healthyThreshold: 1,
          check: { type: 'GRPC', service: 'shop.Pay' },
        },
      },
    ],
    [
      'timeouts, 0 included',
      {
        timeout: {
          tcp: { connectTimeout: '1s', idleTimeout: '1h' },
          http: {
            connectionIdleTimeout: '10m',
            maxConnectionDuration: '0s',
            requestTimeout: '5s',
            streamIdleTimeout: '5m',
            maxStreamDuration: '1h',
          },
        },
      },
      {
        timeouts: {
          connectMs: 1_000,
          requestMs: 5_000,
          connectionIdleMs: 600_000,
          maxConnectionMs: 0,
          streamIdleMs: 300_000,
          maxStreamMs: 3_600_000,
          tcpIdleMs: 3_600_000,
        },
      },
    ],
    ['no timeouts', { timeout: { tcp: {}, http: {} } }, {}],
    [
      'the retry budget',
      { retryConstraint: { minRetryRate: { count: 3 } } },
      { retryBudget: { percent: 20, intervalMs: 10_000, minCount: 3, minIntervalMs: 1_000 } },
    ],
    ['hedging', { hedge: { onPerTryTimeout: true } }, { hedgeOnPerTryTimeout: true }],
    ['no hedging', { hedge: { onPerTryTimeout: false } }, {}],
    [
      'faults',
      {
        faultInjection: { delay: { fixedDelay: '300ms', percentage: 10 }, abort: { httpStatus: 503, percentage: 1.5 } },
      },
      { fault: { delay: { ms: 300, percentage: 10 }, abort: { httpStatus: 503, percentage: 1.5 } } },
    ],
    [
      'a fault of 0 % is none',
      { faultInjection: { delay: { fixedDelay: '1s', percentage: 0 }, abort: { grpcStatus: 14, percentage: 100 } } },
      { fault: { abort: { grpcStatus: 14, percentage: 100 } } },
    ],
    ['no fault at all', { faultInjection: { delay: { fixedDelay: '1s', percentage: 0 } } }, {}],
    [
      'sessions by a cookie that stays',
      { sessionPersistence: { absoluteTimeout: '1h', cookie: { name: 'sid', path: '/a', lifetimeType: 'Permanent' } } },
      {
        sessionPersistence: { type: 'Cookie', name: 'sid', absoluteTimeoutMs: 3_600_000, permanent: true, path: '/a' },
      },
    ],
    [
      'sessions by header',
      { sessionPersistence: { type: 'Header', header: { name: 'X-Sid' } } },
      { sessionPersistence: { type: 'Header', name: 'x-sid' } },
    ],
  ];
  for (const [name, spec, expected] of cases) t.same(membersOf(spec), expected, name);
});

t.test('a cookie without a name gets one of its own, the same each time', async (t) => {
  const nameOf = (key: string, port: number): unknown => {
    const ports = [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ];
    const policies = trafficPolicy('p', [parent('orders')], { sessionPersistence: {} });
    return viewOf([service('orders', { ports }), policies]).clusters[`${key}:${port}`]?.sessionPersistence?.name;
  };
  t.match(nameOf('shop/orders', 80), /^towpath-[0-9a-f]{8}$/);
  t.equal(nameOf('shop/orders', 80), nameOf('shop/orders', 80));
  t.not(nameOf('shop/orders', 80), nameOf('shop/orders', 81));
});

t.test('the view with every setting passes the schema that agents check', async (t) => {
  const everything = trafficPolicy('p', [parent('orders')], {
    loadBalancer: { type: 'ConsistentHash', consistentHash: { type: 'Cookie', cookie: { name: 'sid', ttl: '1h' } } },
    circuitBreaker: { maxConnections: 1, maxPendingRequests: 0, maxParallelRequests: 4_294_967_295 },
    healthCheck: { passive: { failurePercentageThreshold: 85, successRate: {} }, active: { type: 'TCP', tcp: {} } },
    timeout: { tcp: { connectTimeout: '1s' } },
    retryConstraint: {},
    hedge: { onPerTryTimeout: true },
    faultInjection: { abort: { httpStatus: 503, percentage: 1.5 } },
    sessionPersistence: {},
  });
  const version = { epoch: 1, gen: 1, hash: '0123456789abcdef' };
  const view = { version, ...viewOf([service('orders'), everything]) };
  const decoded = decodeServiceView(Buffer.from(JSON.stringify(view)), 'shop/orders');
  t.ok(decoded.ok);
  if (decoded.ok) t.same(decoded.value, view, 'nothing is lost on the way');
});
