/** The mesh tests: conformance/tests/mesh. */
import { type Group, request } from '../case-types.ts';
import { CONSUMER, parent, prefixRule, redirectRule, route, rules, service } from '../text.ts';
import { headerCases, headerRules } from './header-tables.ts';
import { redirectStatusGroups } from './redirects.ts';
import {
  queryRules,
  redirectPathCases,
  redirectPathRules,
  rewritePathCases,
  rewritePathRules,
} from './shared-tables.ts';

const V1 = { backend: 'echo-v1' };
const V2 = { backend: 'echo-v2' };
const NOT_FOUND = { status: [404] };
const setHeader = (value: string): string =>
  `{ type: ResponseHeaderModifier, responseHeaderModifier: { set: [{ name: X-Header-Set, value: ${value} }] } }`;
const only = (backend: string, filters: string): string =>
  `{ filters: [${filters}], backendRefs: [{ name: ${backend}, port: 80 }] }`;

export const MESH_GROUPS: readonly Group[] = [
  {
    name: 'MeshBasic',
    manifests: service('basic', 'v2'),
    cases: [request('a Service without any policy is reached', 'basic', '/', V2)],
  },
  {
    name: 'MeshTrafficSplit',
    manifests:
      service('split') +
      route(
        'split',
        parent('split'),
        rules(
          '{ matches: [{ path: { type: Exact, value: /v1 } }], backendRefs: [{ name: echo-v1, port: 80 }] }',
          '{ matches: [{ path: { type: Exact, value: /v2 } }], backendRefs: [{ name: echo-v2, port: 80 }] }',
        ),
      ),
    cases: [request('/v1 goes to v1', 'split', '/v1', V1), request('/v2 goes to v2', 'split', '/v2', V2)],
  },
  {
    name: 'MeshHTTPRouteSimpleSameNamespace',
    manifests:
      service('simple') + route('simple', parent('simple'), rules('{ backendRefs: [{ name: echo-v1, port: 80 }] }')),
    cases: [request('the whole Service leads to one backend', 'simple', '/', V1)],
  },
  {
    name: 'MeshHTTPRouteMatching',
    manifests:
      service('matching') +
      route(
        'matching',
        parent('matching', 'port: 80'),
        rules(
          '{ matches: [{ path: { type: PathPrefix, value: / } }, { headers: [{ name: version, value: one }] }], backendRefs: [{ name: echo-v1, port: 8080 }] }',
          '{ matches: [{ path: { type: PathPrefix, value: /v2 } }, { headers: [{ name: version, value: two }] }], backendRefs: [{ name: echo-v2, port: 8080 }] }',
        ),
      ),
    cases: [
      request('/', 'matching', '/', V1),
      request('/example', 'matching', '/example', V1),
      request('version one', 'matching', '/', V1, { headers: { Version: 'one' } }),
      request('/v2', 'matching', '/v2', V2),
      request('/v2/example', 'matching', '/v2/example', V2),
      request('version two', 'matching', '/', V2, { headers: { Version: 'two' } }),
      request('/v2/', 'matching', '/v2/', V2),
      request('/v2example is not below /v2', 'matching', '/v2example', V1),
      request('/foo/v2/example', 'matching', '/foo/v2/example', V1),
    ],
  },
  {
    name: 'MeshHTTPRouteRequestHeaderModifier',
    manifests:
      service('headers') + route('headers', parent('headers', 'port: 80'), headerRules('request', 'rule', 'echo-v1')),
    cases: headerCases('request', 'headers'),
  },
  {
    name: 'MeshHTTPRouteBackendRequestHeaderModifier',
    manifests:
      service('backend-headers') +
      route('backend-headers', parent('backend-headers', 'port: 80'), headerRules('request', 'backend', 'echo-v1')),
    cases: headerCases('request', 'backend-headers'),
  },
  {
    name: 'MeshHTTPRouteRedirectHostAndStatus',
    manifests:
      service('redirect-host') +
      route(
        'redirect-host',
        parent('redirect-host', 'port: 80'),
        rules(
          redirectRule('/hostname-redirect', 'hostname: example.org'),
          redirectRule('/host-and-status', 'statusCode: 301, hostname: example.org'),
        ),
      ),
    cases: [
      request('302 is the default', 'redirect-host', '/hostname-redirect', {
        status: [302],
        location: 'http://example.org/hostname-redirect',
      }),
      request('301', 'redirect-host', '/host-and-status', {
        status: [301],
        location: 'http://example.org/host-and-status',
      }),
      request('the query is kept', 'redirect-host', '/hostname-redirect/a?b=c&d', {
        status: [302],
        location: 'http://example.org/hostname-redirect/a?b=c&d',
      }),
    ],
  },
  {
    name: 'MeshHTTPRouteWeight',
    manifests:
      service('weight') +
      route(
        'weight',
        parent('weight', 'port: 80'),
        rules(
          '{ backendRefs: [{ name: echo-v1, port: 8080, weight: 70 }, { name: echo-v2, port: 8080, weight: 30 }] }',
        ),
      ),
    cases: [
      {
        type: 'split',
        kind: 'http',
        name: '70/30 of 5,000 requests within 2 points',
        request: { to: 'weight', path: '/' },
        count: 5000,
        shares: { 'echo-v1': 0.7, 'echo-v2': 0.3 },
        tolerance: 0.02,
      },
    ],
  },
  {
    name: 'MeshFrontend',
    manifests:
      service('frontend-v2', 'v2') +
      route('frontend', parent('frontend-v2'), rules(only('frontend-v2', setHeader('set')))),
    cases: [
      request('through the Service', 'frontend-v2', '/', { ...V2, headers: { 'x-header-set': ['set'] } }),
      request('to the endpoint itself', '@echo-v2:8080', '/', { ...V2, absent: ['x-header-set'] }),
    ],
  },
  {
    name: 'MeshFrontendHostname',
    manifests: '',
    cases: [
      request(
        'the dialled address counts, not Host',
        'frontend-v2',
        '/',
        { ...V2, headers: { 'x-header-set': ['set'] } },
        { host: 'echo-v1' },
      ),
      request(
        'Host alone does not select',
        'echo-v1',
        '/',
        { ...V1, absent: ['x-header-set'] },
        { host: 'frontend-v2' },
      ),
    ],
  },
  {
    name: 'MeshPorts',
    manifests:
      service('ports-v1', 'v1') +
      service('ports-v2', 'v2') +
      route('ports-v1', parent('ports-v1', 'port: 80'), rules(only('ports-v1', setHeader('v1')))) +
      route('ports-v2', parent('ports-v2'), rules(only('ports-v2', setHeader('v2')))),
    cases: [
      request('the port that is named', 'ports-v1', '/', { ...V1, headers: { 'x-header-set': ['v1'] } }),
      request('another port', 'ports-v1:8080', '/', { ...V1, absent: ['x-header-set'] }),
      request('no port is named: 80', 'ports-v2', '/', { ...V2, headers: { 'x-header-set': ['v2'] } }),
      request('no port is named: 8080', 'ports-v2:8080', '/', { ...V2, headers: { 'x-header-set': ['v2'] } }),
    ],
  },
  {
    name: 'MeshConsumerRoute',
    manifests:
      service('consumed', 'v1') +
      route(
        'consumed',
        parent('consumed', 'namespace: mesh'),
        rules(`{ filters: [${setHeader('set')}], backendRefs: [{ name: consumed, namespace: mesh, port: 80 }] }`),
        'HTTPRoute',
        CONSUMER,
      ),
    cases: [
      request(
        "from the route's namespace",
        'consumed',
        '/',
        { ...V1, headers: { 'x-header-set': ['set'] } },
        { from: 'consumer' },
      ),
      request('from the namespace of the Service', 'consumed', '/', { ...V1, absent: ['x-header-set'] }),
    ],
  },
  {
    name: 'MeshHTTPRouteQueryParamMatching',
    manifests: service('query') + route('query', parent('query', 'port: 80'), queryRules('echo-v1', 'echo-v2')),
    cases: [
      request('whale', 'query', '/?animal=whale', V1),
      request('dolphin', 'query', '/?animal=dolphin', V2),
      request('whale, and another parameter', 'query', '/?animal=whale&otherparam=irrelevant', V1),
      request('dolphin, and another parameter', 'query', '/?animal=dolphin&color=yellow', V2),
      request('another parameter alone', 'query', '/?color=blue', NOT_FOUND),
      request('another value', 'query', '/?animal=dog', NOT_FOUND),
      request('a longer value', 'query', '/?animal=whaledolphin', NOT_FOUND),
      request('none', 'query', '/', NOT_FOUND),
      request('path and query', 'query', '/path1?animal=whale', V1),
      request('header and query', 'query', '/?animal=whale', V2, { headers: { version: 'one' } }),
      request('the one of two matches', 'query', '/path3?animal=shark', V1),
      request('the other', 'query', '/path4?animal=kraken', V1, { headers: { version: 'three' } }),
      request('a part of the one', 'query', '/?animal=shark', NOT_FOUND),
      request('a part of the other', 'query', '/path4?animal=kraken', NOT_FOUND),
      request('a path beats a query', 'query', '/path5?animal=hydra', V1),
    ],
  },
  {
    name: 'MeshHTTPRouteRedirectPath',
    manifests:
      service('redirect-path') + route('redirect-path', parent('redirect-path', 'port: 80'), redirectPathRules()),
    cases: redirectPathCases('redirect-path'),
  },
  {
    name: 'MeshHTTPRouteRedirectPort',
    manifests:
      service('redirect-port') +
      route(
        'redirect-port',
        parent('redirect-port', 'port: 80'),
        rules(
          redirectRule('/port', 'port: 8083'),
          redirectRule('/port-and-host', 'port: 8083, hostname: example.org'),
          redirectRule('/port-and-status', 'port: 8083, statusCode: 301'),
          redirectRule('/port-and-host-and-status', 'port: 8083, hostname: example.org, statusCode: 302'),
        ),
      ),
    cases: [
      request('port', 'redirect-port', '/port', { status: [302], location: 'http://echo:8083/port' }, { host: 'echo' }),
      request('port and host', 'redirect-port', '/port-and-host', {
        status: [302],
        location: 'http://example.org:8083/port-and-host',
      }),
      request(
        'port and status',
        'redirect-port',
        '/port-and-status',
        { status: [301], location: 'http://echo:8083/port-and-status' },
        { host: 'echo' },
      ),
      request('all three', 'redirect-port', '/port-and-host-and-status', {
        status: [302],
        location: 'http://example.org:8083/port-and-host-and-status',
      }),
    ],
  },
  {
    name: 'MeshHTTPRouteSchemeRedirect',
    manifests:
      service('redirect-scheme') +
      route(
        'redirect-scheme',
        parent('redirect-scheme', 'port: 80'),
        rules(
          redirectRule('/scheme', 'scheme: https'),
          redirectRule('/scheme-and-host', 'scheme: https, hostname: example.org'),
          redirectRule('/scheme-and-status', 'scheme: https, statusCode: 301'),
          redirectRule('/scheme-and-host-and-status', 'scheme: https, hostname: example.org, statusCode: 302'),
        ),
      ),
    cases: [
      request(
        'scheme',
        'redirect-scheme',
        '/scheme',
        { status: [302], location: 'https://echo/scheme' },
        { host: 'echo' },
      ),
      request('scheme and host', 'redirect-scheme', '/scheme-and-host', {
        status: [302],
        location: 'https://example.org/scheme-and-host',
      }),
      request(
        'scheme and status',
        'redirect-scheme',
        '/scheme-and-status',
        { status: [301], location: 'https://echo/scheme-and-status' },
        { host: 'echo' },
      ),
      request('all three', 'redirect-scheme', '/scheme-and-host-and-status', {
        status: [302],
        location: 'https://example.org/scheme-and-host-and-status',
      }),
    ],
  },
  {
    name: 'MeshHTTPRouteRewritePath',
    manifests: service('rewrite-path') + route('rewrite-path', parent('rewrite-path', 'port: 80'), rewritePathRules()),
    cases: rewritePathCases('rewrite-path'),
  },
  {
    name: 'MeshHTTPRouteNamedRule',
    manifests:
      service('named') +
      route(
        'named',
        parent('named', 'port: 80'),
        rules(
          `{ name: named-rule, ${prefixRule('/named', '', 'echo-v1').slice(1)}`,
          prefixRule('/unnamed', '', 'echo-v2'),
        ),
      ),
    cases: [
      request('a rule with a name', 'named', '/named', { ...V1, seen: { path: '/named' } }),
      request('a rule without', 'named', '/unnamed', { ...V2, seen: { path: '/unnamed' } }),
    ],
  },
  ...redirectStatusGroups('Mesh'),
];
