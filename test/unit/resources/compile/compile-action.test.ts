import t from 'tap';
import type { RouteActionView } from '../../../../src/contract/route-views.ts';
import { grpcRoute, type Manifest, route, routeTarget, service, trafficPolicy, viewOf } from '../world.ts';

function action(rule: Manifest, ...more: Manifest[]): RouteActionView | undefined {
  const services = [service('orders'), service('v1'), service('v2')];
  return viewOf([...services, route('r', [rule]), ...more]).ports[0]?.http?.actions[0];
}

t.test('timeouts: 0s is none', async (t) => {
  const cases: readonly [Manifest | undefined, number | null, number | undefined][] = [
    [undefined, null, undefined],
    [{ request: '2s', backendRequest: '600ms' }, 2000, 600],
    [{ request: '0s', backendRequest: '0s' }, 0, undefined],
    [{ backendRequest: '1m' }, null, 60_000],
  ];
  for (const [timeouts, request, perTry] of cases) {
    const view = action(timeouts === undefined ? {} : { timeouts });
    t.same([view?.requestTimeoutMs, view?.perTryTimeoutMs], [request, perTry]);
  }
});

t.test('retries: two unless said otherwise, and none are promised where nothing is written', async (t) => {
  t.notOk(Object.hasOwn(action({}) ?? {}, 'retry'));
  t.same(action({ retry: {} })?.retry, { attempts: 2, codes: [] });
  t.same(action({ retry: { codes: [503, 500], attempts: 5, backoff: '50ms' } })?.retry, {
    attempts: 5,
    codes: [503, 500],
    backoffMs: 50,
  });
});

t.test('sessions, in both shapes; a name is made up where none is given, another for each rule', async (t) => {
  t.same(action({ sessionPersistence: { sessionName: 'sid' } })?.sessionPersistence, { type: 'Cookie', name: 'sid' });
  const cookie = { name: 'sid', lifetimeType: 'Permanent', path: '/api' };
  t.same(action({ sessionPersistence: { absoluteTimeout: '1h', cookie } })?.sessionPersistence, {
    type: 'Cookie',
    name: 'sid',
    absoluteTimeoutMs: 3_600_000,
    permanent: true,
    path: '/api',
  });
  const header = { type: 'Header', header: { name: 'X-Session' } };
  t.same(action({ sessionPersistence: header })?.sessionPersistence, { type: 'Header', name: 'x-session' });
  const names = ['a', 'b'].map((name) => action({ name, sessionPersistence: {} })?.sessionPersistence?.name);
  t.match(names, [/^towpath-[0-9a-f]{8}$/, /^towpath-[0-9a-f]{8}$/]);
  t.not(names[0], names[1]);
});

t.test('with sessions a backend of weight 0 stays known: old sessions go on there', async (t) => {
  const backendRefs = [
    { name: 'v1', port: 80 },
    { name: 'v2', port: 80, weight: 0 },
    { name: 'gone', port: 80, weight: 0 },
  ];
  const shares = (rule: Manifest): unknown => action(rule)?.backends.map(({ cluster, weight }) => [cluster, weight]);
  const sessionPersistence = { sessionName: 'sid' };
  t.same(shares({ backendRefs }), [['shop/v1:80', 1]]);
  t.same(shares({ backendRefs, sessionPersistence }), [
    ['shop/v1:80', 1],
    ['shop/v2:80', 0],
  ]);
  t.same(
    shares({ backendRefs: backendRefs.slice(1), sessionPersistence }),
    [
      [null, 1],
      ['shop/v2:80', 0],
    ],
    'new sessions have nowhere to go',
  );
});

t.test('what a rule says beats what a policy says about it', async (t) => {
  const spec = {
    retry: { numRetries: 7 },
    timeout: { http: { requestTimeout: '9s' } },
    faultInjection: { delay: { fixedDelay: '10ms', percentage: 5 } },
  };
  const policy = trafficPolicy('p', [routeTarget('r')], spec);
  t.match(action({}, policy), {
    retry: { attempts: 7 },
    requestTimeoutMs: 9000,
    fault: { delay: { ms: 10, percentage: 5 } },
  });
  t.match(action({ retry: { attempts: 1 }, timeouts: { request: '0s' } }, policy), {
    retry: { attempts: 1 },
    requestTimeoutMs: 0,
    fault: { delay: { ms: 10 } },
  });
});

t.test('a GRPCRoute has actions of the same form', async (t) => {
  const rule = {
    name: 'pay',
    backendRefs: [
      { name: 'v1', port: 80, weight: 9 },
      { name: 'gone', port: 80 },
    ],
  };
  const view = viewOf([service('orders'), service('v1'), grpcRoute('g', [rule])]);
  t.same(view.ports[0]?.http?.actions, [
    {
      route: 'shop/g',
      rule: 'pay',
      backends: [
        { cluster: 'shop/v1:80', weight: 9, requestHeaders: null },
        { cluster: null, weight: 1, requestHeaders: null },
      ],
      requestHeaders: null,
      requestTimeoutMs: null,
    },
  ]);
});
