/** North-south tests of retries, timeouts, weights and backends that do not resolve. */
import { type Group, type RequestCase, request } from '../case-types.ts';
import { parent, prefixRule, route, rules, service } from '../text.ts';

const V1 = { backend: 'echo-v1' };
const V3 = { backend: 'echo-v3' };

const RETRY_500 = '/retry/code-500-attempts-3';
const RETRY_ALL = '/retry/code-all-attempts-2';

/** The server fails `succeedAfter` times for the same `uuid`, with `responseCode` or by closing the connection. */
function retryCase(name: string, to: string, path: string, knobs: string, status: readonly number[]): RequestCase {
  return request(name, to, `${path}?${knobs}`, { isCounted: true, status, ...(status.includes(200) ? V3 : {}) });
}

const everyCode = [500, 502, 503, 504].flatMap((code) => [
  retryCase(`${code} is retried`, 'retry', RETRY_ALL, `responseCode=${code}&succeedAfter=1`, [200]),
  retryCase(`${code} once too often`, 'retry', RETRY_ALL, `responseCode=${code}&succeedAfter=3`, [code]),
]);

/** The cases run at once: the usual budget of ten retries in a second is for a calmer client. */
const BUDGET = `
apiVersion: towpath.dev/v1
kind: BackendTrafficPolicy
metadata: { name: echo-v3, namespace: mesh }
spec:
  targetRefs: [{ group: "", kind: Service, name: echo-v3 }]
  retryConstraint: { minRetryRate: { count: 1000, interval: 1s } }
---`;

export const RESILIENCE_GROUPS: readonly Group[] = [
  {
    name: 'HTTPRouteRetry',
    manifests:
      BUDGET +
      service('retry') +
      route(
        'retry',
        parent('retry', 'port: 80'),
        rules(
          prefixRule(RETRY_500, '', 'echo-v3', ', retry: { codes: [500], attempts: 3 }'),
          prefixRule(RETRY_ALL, '', 'echo-v3', ', retry: { codes: [500, 502, 503, 504], attempts: 2 }'),
        ),
      ),
    cases: [
      retryCase('two failures, three retries', 'retry', RETRY_500, 'responseCode=500&succeedAfter=2', [200]),
      retryCase(
        'four failures, three retries: the last answer',
        'retry',
        RETRY_500,
        'responseCode=500&succeedAfter=4',
        [500],
      ),
      retryCase('503 is not among the codes', 'retry', RETRY_500, 'responseCode=503&succeedAfter=2', [503]),
      ...everyCode,
    ],
  },
  {
    name: 'HTTPRouteRetryWithTimeouts',
    manifests:
      service('retry-timeout') +
      route(
        'retry-timeout',
        parent('retry-timeout', 'port: 80'),
        rules(
          prefixRule(
            '/retry/backend-request-timeout-200ms',
            '',
            'echo-v3',
            ', retry: { attempts: 2 }, timeouts: { backendRequest: 200ms }',
          ),
          prefixRule(
            '/retry/request-timeout-200ms',
            '',
            'echo-v3',
            ', retry: { codes: [500], attempts: 5 }, timeouts: { backendRequest: 200ms, request: 400ms }',
          ),
        ),
      ),
    cases: [
      retryCase(
        'two slow tries, then an answer',
        'retry-timeout',
        '/retry/backend-request-timeout-200ms',
        'responseCode=500&succeedAfter=2&delayRetry=300ms',
        [200],
      ),
      retryCase(
        'three slow tries',
        'retry-timeout',
        '/retry/backend-request-timeout-200ms',
        'responseCode=500&succeedAfter=3&delayRetry=300ms',
        [504],
      ),
      retryCase(
        'retried within the time of the request',
        'retry-timeout',
        '/retry/request-timeout-200ms',
        'responseCode=500&succeedAfter=1',
        [200],
      ),
      retryCase(
        'the time of the request is over',
        'retry-timeout',
        '/retry/request-timeout-200ms',
        'responseCode=500&succeedAfter=4&delayRetry=100ms',
        [504],
      ),
    ],
  },
  {
    name: 'HTTPRouteRetryConnectionError',
    manifests:
      service('retry-connection') +
      route(
        'retry-connection',
        parent('retry-connection', 'port: 80'),
        rules(prefixRule('/retry/no-status-code-attempts-3', '', 'echo-v3', ', retry: { attempts: 3 }')),
      ),
    cases: [
      retryCase(
        'two lost connections, three retries',
        'retry-connection',
        '/retry/no-status-code-attempts-3',
        'succeedAfter=2',
        [200],
      ),
      retryCase(
        'four lost connections, three retries',
        'retry-connection',
        '/retry/no-status-code-attempts-3',
        'succeedAfter=4',
        [500, 503],
      ),
    ],
  },
  {
    name: 'HTTPRouteTimeoutRequest',
    manifests:
      service('timeout') +
      route(
        'timeout',
        parent('timeout', 'port: 80'),
        rules(
          prefixRule('/request-timeout', '', 'echo-v1', ', timeouts: { request: 500ms }'),
          prefixRule('/disable-request-timeout', '', 'echo-v1', ', timeouts: { request: 0s }'),
        ),
      ),
    cases: [
      request('in time', 'timeout', '/request-timeout', V1),
      request('too late', 'timeout', '/request-timeout?delay=1s', { status: [504] }),
      request('0s: as long as it takes', 'timeout', '/disable-request-timeout?delay=1s', V1),
    ],
  },
  {
    name: 'HTTPRouteTimeoutBackendRequest',
    manifests:
      service('backend-timeout') +
      route(
        'backend-timeout',
        parent('backend-timeout', 'port: 80'),
        rules(
          prefixRule('/backend-timeout', '', 'echo-v1', ', timeouts: { backendRequest: 500ms }'),
          prefixRule('/disable-backend-timeout', '', 'echo-v1', ', timeouts: { backendRequest: 0s }'),
        ),
      ),
    cases: [
      request('in time', 'backend-timeout', '/backend-timeout', V1),
      request('too late', 'backend-timeout', '/backend-timeout?delay=1s', { status: [504] }),
      request('0s: as long as it takes', 'backend-timeout', '/disable-backend-timeout?delay=1s', V1),
    ],
  },
  {
    name: 'HTTPRouteWeight',
    manifests:
      service('zero-weight') +
      route(
        'zero-weight',
        parent('zero-weight', 'port: 80'),
        rules(
          '{ backendRefs: [{ name: echo-v1, port: 8080, weight: 70 }, { name: echo-v2, port: 8080, weight: 30 }, { name: echo-v3, port: 8080, weight: 0 }] }',
        ),
      ),
    cases: [
      {
        type: 'split',
        kind: 'http',
        name: '70/30, and none for weight 0',
        request: { to: 'zero-weight', path: '/' },
        count: 5000,
        shares: { 'echo-v1': 0.7, 'echo-v2': 0.3, 'echo-v3': 0 },
        tolerance: 0.02,
      },
    ],
  },
  {
    name: 'HTTPRouteNoBackendRefs',
    manifests:
      service('omitted', 'v2') +
      route(
        'omitted',
        parent('omitted', 'port: 80'),
        rules(
          '{ matches: [{ path: { type: Exact, value: /omitted } }] }',
          '{ matches: [{ path: { type: Exact, value: /empty } }], backendRefs: [] }',
          prefixRule('/', ''),
        ),
      ),
    cases: [
      request('a rule with a backend', 'omitted', '/forward', V1),
      request('omitted: the Service itself (GEP-1686, as in a mesh)', 'omitted', '/omitted', { backend: 'echo-v2' }),
      request('empty: the Service itself', 'omitted', '/empty', { backend: 'echo-v2' }),
    ],
  },
  {
    name: 'HTTPRouteBackendProtocolH2C',
    manifests:
      service('to-h2c') +
      route('to-h2c', parent('to-h2c', 'port: 80'), rules('{ backendRefs: [{ name: echo-v1, port: 8082 }] }')),
    cases: [
      request('HTTP/1.1 client, HTTP/2 server', 'to-h2c', '/', { ...V1, seen: { headers: { ':protocol': 'HTTP/2' } } }),
    ],
  },
  {
    name: 'HTTPRouteBackendProtocolWebSocket',
    manifests:
      service('to-ws') +
      route('to-ws', parent('to-ws', 'port: 80'), rules('{ backendRefs: [{ name: echo-v1, port: 8081 }] }')),
    cases: [{ type: 'upgrade', name: 'a WebSocket is opened through the route', to: 'to-ws', backend: 'echo-v1' }],
  },
];
