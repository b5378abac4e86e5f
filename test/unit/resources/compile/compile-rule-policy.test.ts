import t from 'tap';
import { type Manifest, route, routeTarget, service, trafficPolicy, viewOf } from '../world.ts';

/** What a policy for a rule makes of its action. */
function actionWith(spec: Manifest, rule: Manifest = {}): Manifest {
  const view = viewOf([service('orders'), route('r', [rule]), trafficPolicy('p', [routeTarget('r')], spec)]);
  const { route: _, rule: __, backends, requestHeaders, ...rest } = { ...view.ports[0]?.http?.actions[0] };
  return rest;
}

t.test('what a policy for a route becomes in the actions of its rules', async (t) => {
  const cases: readonly (readonly [string, Manifest, Manifest])[] = [
    ['nothing', {}, { requestTimeoutMs: null }],
    ['a timeout', { timeout: { http: { requestTimeout: '2s' } } }, { requestTimeoutMs: 2_000 }],
    ['no timeout', { timeout: { http: { requestTimeout: '0s' } } }, { requestTimeoutMs: 0 }],
    [
      'faults',
      { faultInjection: { abort: { httpStatus: 503, percentage: 1.5 } } },
      { requestTimeoutMs: null, fault: { abort: { httpStatus: 503, percentage: 1.5 } } },
    ],
    [
      'sessions',
      { sessionPersistence: { cookie: { name: 'sid' } } },
      { requestTimeoutMs: null, sessionPersistence: { type: 'Cookie', name: 'sid' } },
    ],
    [
      'local rate limits',
      { rateLimit: { local: { rules: [{ limit: { requests: 50, unit: 'Second' } }] } } },
      {
        requestTimeoutMs: null,
        limits: [
          {
            id: 'shop/p/local/0@HTTPRoute shop/r',
            service: 'HTTPRoute shop/r',
            scope: 'local',
            by: [],
            limit: { requests: 50, windowMs: 1_000 },
          },
        ],
      },
    ],
    [
      'retries as Envoy Gateway has them',
      { retry: {} },
      { requestTimeoutMs: null, retry: { attempts: 2, codes: [503], grpcCodes: [1, 14] } },
    ],
    [
      'retries by condition',
      {
        retry: {
          numRetries: 3,
          retryOn: {
            triggers: [
              'gateway-error',
              'retriable-4xx',
              'reset',
              'connect-failure',
              'retriable-status-codes',
              'internal',
            ],
            httpStatusCodes: [503, 429],
          },
          perRetry: { timeout: '600ms', backOff: { baseInterval: '50ms' } },
        },
      },
      {
        requestTimeoutMs: null,
        retry: { attempts: 3, codes: [409, 429, 502, 503, 504], backoffMs: 50, grpcCodes: [13] },
        perTryTimeoutMs: 600,
      },
    ],
    [
      'only connection failures',
      { retry: { retryOn: { triggers: ['connect-failure', 'refused-stream', 'reset-before-request'] } } },
      { requestTimeoutMs: null, retry: { attempts: 2, codes: [] } },
    ],
  ];
  for (const [name, spec, expected] of cases) t.same(actionWith(spec), expected, name);
  const retry = actionWith({ retry: { retryOn: { triggers: ['5xx'] } } })['retry'] as { codes: number[] };
  t.same([retry.codes.length, retry.codes[0], retry.codes.at(-1)], [100, 500, 599], 'every 5xx');
});

t.test('what the rule says itself beats the policy', async (t) => {
  const policy = { timeout: { http: { requestTimeout: '2s' } } };
  t.same(actionWith(policy, { timeouts: { request: '5s' } }), { requestTimeoutMs: 5_000 });
  t.same(actionWith(policy, { timeouts: { request: '0s' } }), { requestTimeoutMs: 0 });
});
