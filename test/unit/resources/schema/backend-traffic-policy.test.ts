import t from 'tap';
import { problemsOf, refuses } from '../refuses.ts';
import { type Manifest, parent, policy, routeTarget, specOf, trafficPolicy } from '../world.ts';

const ROUTES = [routeTarget('r')];

/** The decoded settings, without the targets. */
function settings(spec: Manifest, targetRefs: unknown[] = [parent('orders')]): unknown {
  const { targetRefs: _, ...rest } = specOf(trafficPolicy('p', targetRefs, spec)) as Manifest;
  return rest;
}

t.test('every default of a BackendTrafficPolicy', async (t) => {
  const cases: readonly (readonly [string, Manifest, unknown])[] = [
    ['nothing', {}, {}],
    ['a load balancer', { loadBalancer: { type: 'PeakEWMA' } }, { loadBalancer: { type: 'PeakEWMA' } }],
    [
      'passive checks: 5 errors, every 10 s, 30 s to 5 min, at most half',
      { healthCheck: { passive: {} } },
      {
        healthCheck: {
          passive: {
            consecutive5XxErrors: 5,
            consecutiveGatewayErrors: 0,
            consecutiveLocalOriginFailures: 5,
            splitExternalLocalOriginErrors: false,
            failurePercentageRequestVolume: 50,
            interval: '10s',
            baseEjectionTime: '30s',
            maxEjectionTime: '5m',
            maxEjectionPercent: 50,
            alwaysEjectOneEndpoint: false,
          },
          panicThreshold: 0,
        },
      },
    ],
    [
      'active checks: 10 s, 1 s, 3 bad, 1 good, GET, 200',
      { healthCheck: { active: { type: 'HTTP', http: { path: '/healthz' } } } },
      {
        healthCheck: {
          active: {
            type: 'HTTP',
            interval: '10s',
            timeout: '1s',
            unhealthyThreshold: 3,
            healthyThreshold: 1,
            http: { path: '/healthz', method: 'GET', expectedStatuses: [200] },
          },
          panicThreshold: 0,
        },
      },
    ],
    [
      'the budget of retries',
      { retryConstraint: {} },
      {
        retryConstraint: { budget: { percent: 20, interval: '10s' }, minRetryRate: { count: 10, interval: '1s' } },
      },
    ],
    [
      'one half of it',
      { retryConstraint: { budget: { percent: 50 } } },
      {
        retryConstraint: { budget: { percent: 50, interval: '10s' }, minRetryRate: { count: 10, interval: '1s' } },
      },
    ],
    ['hedging is off', { hedge: {} }, { hedge: { onPerTryTimeout: false } }],
    ['circuit breakers: nothing is written out', { circuitBreaker: {} }, { circuitBreaker: {} }],
    [
      'of one endpoint',
      { circuitBreaker: { perEndpoint: {} } },
      {
        circuitBreaker: { perEndpoint: { maxConnections: 1024 } },
      },
    ],
    [
      'sessions',
      { sessionPersistence: {} },
      {
        sessionPersistence: { type: 'Cookie', cookie: { path: '/', lifetimeType: 'Session' } },
      },
    ],
  ];
  for (const [name, spec, expected] of cases) t.same(settings(spec), expected, name);
  t.same(
    settings({ healthCheck: { passive: { successRate: {} } } }),
    settings({
      healthCheck: { passive: { successRate: { minimumHosts: 5, requestVolume: 100, stdevFactor: 1900 } } },
    }),
    'success rate',
  );
  t.same(settings({ retry: {} }, ROUTES), {
    retry: {
      numRetries: 2,
      retryOn: { triggers: ['unavailable', 'cancelled', 'retriable-status-codes'], httpStatusCodes: [503] },
    },
  });
});

t.test('targets: groups are filled in, a Service and a route have their own', async (t) => {
  const targetRefs = (refs: unknown[]): unknown => (specOf(trafficPolicy('p', refs, {})) as Manifest)['targetRefs'];
  t.same(targetRefs([{ kind: 'Service', name: 'a' }, parent('a', { sectionName: 'http' })]), [
    { group: '', kind: 'Service', name: 'a' },
    { group: '', kind: 'Service', name: 'a', sectionName: 'http' },
  ]);
  t.same(targetRefs([routeTarget('r.x', 'main'), routeTarget('r', undefined, 'GRPCRoute')]), [
    { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'r.x', sectionName: 'main' },
    { group: 'gateway.networking.k8s.io', kind: 'GRPCRoute', name: 'r' },
  ]);
});

t.test('older and shorter spellings become the one that is stored', async (t) => {
  const same = (a: Manifest, b: Manifest, name: string) => t.same(settings(a), settings(b), name);
  const hash = (consistentHash: Manifest): Manifest => ({ loadBalancer: { type: 'ConsistentHash', consistentHash } });
  same(
    hash({ type: 'Header', header: { name: 'x-a' } }),
    hash({ type: 'Headers', headers: [{ name: 'x-a' }] }),
    'header',
  );
  same(hash({ type: 'SourceIP', tableSize: 65537 }), hash({ type: 'SourceIP' }), 'the size of the table');
  const near = (preferLocal: unknown): Manifest => ({ loadBalancer: { type: 'Random', zoneAware: { preferLocal } } });
  same(near(true), near({}), 'near endpoints');
  same(near(false), { loadBalancer: { type: 'Random' } }, 'no preference');
  const sessions = (sessionPersistence: Manifest): Manifest => ({ sessionPersistence });
  same(
    sessions({ sessionName: 'sid' }),
    sessions({ type: 'Cookie', cookie: { name: 'sid' } }),
    'a cookie, GEP-1619 of 1.6',
  );
  same(
    sessions({ sessionName: 'sid', absoluteTimeout: '1h', cookieConfig: { lifetimeType: 'Permanent' } }),
    sessions({ absoluteTimeout: '1h', cookie: { name: 'sid', lifetimeType: 'Permanent' } }),
    'a cookie that stays',
  );
  same(
    sessions({ type: 'Header', sessionName: 'x-sid' }),
    sessions({ type: 'Header', header: { name: 'x-sid' } }),
    'a header',
  );
});

t.test('a policy for both kinds of targets sets what means something to both', async (t) => {
  const both = [parent('orders'), routeTarget('r')];
  const shared = {
    faultInjection: { abort: { grpcStatus: 14, percentage: 0.5 } },
    timeout: { http: { requestTimeout: '5s' } },
    sessionPersistence: { type: 'Header', header: { name: 'x-sid' } },
  };
  t.same(problemsOf(trafficPolicy('p', both, shared)), []);
  const services: readonly [Manifest, string][] = [
    [{ loadBalancer: { type: 'Random' } }, 'spec.loadBalancer'],
    [{ circuitBreaker: {} }, 'spec.circuitBreaker'],
    [{ healthCheck: {} }, 'spec.healthCheck'],
    [{ retryConstraint: {} }, 'spec.retryConstraint'],
    [{ hedge: {} }, 'spec.hedge'],
    [{ timeout: { tcp: {} } }, 'spec.timeout.tcp'],
    [{ timeout: { http: { streamIdleTimeout: '1s' } } }, 'spec.timeout.http.streamIdleTimeout'],
  ];
  for (const [spec, path] of services) {
    refuses(t, trafficPolicy('p', both, spec), path, /targets that are Services; targetRefs\[1\]/);
    t.same(problemsOf(trafficPolicy('p', [parent('orders')], spec)), [], path);
  }
  refuses(t, trafficPolicy('p', both, { retry: {} }), 'spec.retry', /targets that are routes; targetRefs\[0\]/);
});

t.test('BackendTrafficPolicy: every class of refused target', async (t) => {
  const cases: readonly [unknown[], string, RegExp][] = [
    [[], 'spec.targetRefs', /at least 1/],
    [[parent('a'), parent('a')], 'spec.targetRefs[1]', /repeats/],
    [[routeTarget('a', 'x'), routeTarget('a', 'x')], 'spec.targetRefs[1]', /repeats/],
    [[{ kind: 'HTTPRoute', name: 'r' }], 'spec.targetRefs[0].group', /a route has group: gateway/],
    [[{ group: 'gateway.networking.k8s.io', kind: 'Service', name: 'r' }], 'spec.targetRefs[0].group', /group: ""/],
    [[{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'r' }], 'spec.targetRefs[0].kind', /one of/],
    [[parent('a.b')], 'spec.targetRefs[0].name', /no "\."/],
    [[parent('a', { sectionName: '80' })], 'spec.targetRefs[0].sectionName', /name of a port/],
    [[parent('a', { namespace: 'x' })], 'spec.targetRefs[0].namespace', /own namespace/],
  ];
  for (const [refs, path, words] of cases) refuses(t, trafficPolicy('p', refs, {}), path, words);
});

t.test('BackendTrafficPolicy: every class of refused setting', async (t) => {
  t.same(problemsOf(policy('p', 'a', 'RoundRobin')), []);
  const lb = (more: Manifest): Manifest => ({ loadBalancer: { type: 'ConsistentHash', ...more } });
  const hash = (consistentHash: Manifest): Manifest => lb({ consistentHash });
  const passive = (more: Manifest): Manifest => ({ healthCheck: { passive: more } });
  const active = (more: Manifest): Manifest => ({ healthCheck: { active: { type: 'HTTP', ...more } } });
  const session = (sessionPersistence: Manifest): Manifest => ({ sessionPersistence });
  const fault = (faultInjection: Manifest): Manifest => ({ faultInjection });
  const cases: readonly [Manifest, string, RegExp][] = [
    [{ loadBalancer: { type: 'roundrobin' } }, 'spec.loadBalancer.type', /did you mean "RoundRobin"/],
    [{ loadBalancer: {} }, 'spec.loadBalancer.type', /required/],
    [lb({}), 'spec.loadBalancer.consistentHash', /required/],
    [lb({ type: 'Random', consistentHash: { type: 'SourceIP' } }), 'spec.loadBalancer.consistentHash', /does not go/],
    [hash({ type: 'Headers' }), 'spec.loadBalancer.consistentHash.headers', /required/],
    [
      hash({ type: 'Headers', headers: [{ name: 'a' }, { name: 'b' }] }),
      'spec.loadBalancer.consistentHash.headers',
      /one/,
    ],
    [hash({ type: 'Cookie', header: { name: 'a' } }), 'spec.loadBalancer.consistentHash.header', /does not go/],
    [hash({ type: 'SourceIP', tableSize: 1021 }), 'spec.loadBalancer.consistentHash.tableSize', /65537/],
    [lb({ type: 'Random', slowStart: { window: '1s' } }), 'spec.loadBalancer.slowStart', /RoundRobin and LeastRequest/],
    [lb({ type: 'RoundRobin', slowStart: { window: '0s' } }), 'spec.loadBalancer.slowStart.window', /above 0/],
    [
      lb({ consistentHash: { type: 'SourceIP' }, zoneAware: { preferLocal: {} } }),
      'spec.loadBalancer.zoneAware',
      /does not go/,
    ],
    [
      lb({ type: 'Random', zoneAware: { preferLocal: { force: {} } } }),
      'spec.loadBalancer.zoneAware.preferLocal.force',
      /spills over/,
    ],
    [{ circuitBreaker: { maxConnections: -1 } }, 'spec.circuitBreaker.maxConnections', /at least 0/],
    [{ circuitBreaker: { retryBudget: {} } }, 'spec.circuitBreaker.retryBudget', /write retryConstraint/],
    [passive({ interval: '0s' }), 'spec.healthCheck.passive.interval', /above 0/],
    [passive({ interval: '1.5s' }), 'spec.healthCheck.passive.interval', /duration/],
    [passive({ baseEjectionTime: '1h' }), 'spec.healthCheck.passive.maxEjectionTime', /shorter/],
    [passive({ maxEjectionPercent: 101 }), 'spec.healthCheck.passive.maxEjectionPercent', /at most 100/],
    [
      passive({ consecutive5xxErrors: 5 }),
      'spec.healthCheck.passive.consecutive5xxErrors',
      /mean "consecutive5XxErrors"/,
    ],
    [{ healthCheck: { panicThreshold: 101 } }, 'spec.healthCheck.panicThreshold', /at most 100/],
    [active({}), 'spec.healthCheck.active.http', /required/],
    [active({ http: { path: '/' }, interval: '1ms' }), 'spec.healthCheck.active.interval', /from 100ms to 1h/],
    [active({ http: { path: '/' }, interval: '2h' }), 'spec.healthCheck.active.interval', /from 100ms to 1h/],
    [active({ http: { path: '/' }, timeout: '99999h' }), 'spec.healthCheck.active.timeout', /from 1ms to 5m/],
    [active({ type: 'TCP', http: { path: '/' } }), 'spec.healthCheck.active.http', /does not go/],
    [active({ http: { path: 'x' } }), 'spec.healthCheck.active.http.path', /starts with/],
    [
      active({ http: { path: '/', expectedStatuses: [99] } }),
      'spec.healthCheck.active.http.expectedStatuses[0]',
      /least 100/,
    ],
    [active({ type: 'TCP', tcp: { send: {} } }), 'spec.healthCheck.active.tcp.send', /nothing is sent/],
    [{ timeout: { tcp: { connectTimeout: 5 } } }, 'spec.timeout.tcp.connectTimeout', /must be a string/],
    [{ retryConstraint: { budget: { percent: 101 } } }, 'spec.retryConstraint.budget.percent', /at most 100/],
    [{ retryConstraint: { budget: { interval: '0s' } } }, 'spec.retryConstraint.budget.interval', /above 0/],
    [fault({}), 'spec.faultInjection', /delay, abort or both/],
    [fault({ delay: { fixedDelay: '1s' } }), 'spec.faultInjection.delay.percentage', /required/],
    [fault({ abort: { httpStatus: 503 } }), 'spec.faultInjection.abort.percentage', /required/],
    [fault({ abort: { percentage: 5 } }), 'spec.faultInjection.abort', /exactly one/],
    [fault({ abort: { httpStatus: 503, grpcStatus: 1, percentage: 5 } }), 'spec.faultInjection.abort', /exactly one/],
    [fault({ abort: { httpStatus: 101, percentage: 5 } }), 'spec.faultInjection.abort.httpStatus', /at least 200/],
    [session({ type: 'Header' }), 'spec.sessionPersistence.header.name', /required/],
    [session({ type: 'Header', header: { name: 'Host' } }), 'spec.sessionPersistence.header.name', /frames/],
    [session({ type: 'Header', sessionName: 'Host' }), 'spec.sessionPersistence.sessionName', /frames/],
    [session({ header: { name: 'x' } }), 'spec.sessionPersistence.header', /type: Header/],
    [session({ cookie: { lifetimeType: 'Permanent' } }), 'spec.sessionPersistence.absoluteTimeout', /required/],
    [session({ cookie: { name: 'a;b' } }), 'spec.sessionPersistence.cookie.name', /./],
    [session({ cookie: { path: '/a;b' } }), 'spec.sessionPersistence.cookie.path', /without ";"/],
    [session({ idleTimeout: '1m' }), 'spec.sessionPersistence.idleTimeout', /use absoluteTimeout/],
    [{ rateLimit: {} }, 'spec.rateLimit', /local, global or both/],
    [{ mergeType: 'StrategicMerge' }, 'spec.mergeType', /not merged/],
  ];
  for (const [spec, path, words] of cases) refuses(t, trafficPolicy('p', [parent('a')], spec), path, words);
  const retries: readonly [Manifest, string, RegExp][] = [
    [{ numRetries: 11 }, 'spec.retry.numRetries', /at most 10/],
    [{ retryOn: { httpStatusCodes: [503] } }, 'spec.retry.retryOn.triggers', /needs the trigger/],
    [{ retryOn: { triggers: ['retriable-status-codes'] } }, 'spec.retry.retryOn.httpStatusCodes', /required/],
    [{ retryOn: { triggers: ['4xx'] } }, 'spec.retry.retryOn.triggers[0]', /one of/],
    [
      { perRetry: { backOff: { baseInterval: '1s', maxInterval: '1s' } } },
      'spec.retry.perRetry.backOff.maxInterval',
      /doubles/,
    ],
  ];
  for (const [retry, path, words] of retries) refuses(t, trafficPolicy('p', ROUTES, { retry }), path, words);
});
