/** North-south tests of filters: headers, mirrors, rewriting, CORS. */
import { type Group, type RequestCase, request } from '../case-types.ts';
import { parent, prefixRule, route, rules, service } from '../text.ts';
import { headerCases, headerRules } from './header-tables.ts';
import { MODIFIED, MODIFIER, rewritePathCases, rewritePathRules, TO_MODIFY } from './shared-tables.ts';

const V1 = { backend: 'echo-v1' };
const mirror = (backend: string, share = ''): string =>
  `{ type: RequestMirror, requestMirror: { backendRef: { name: ${backend}, port: 8080 }${share} } }`;
const hostRewrite = (hostname: string): string => `{ type: URLRewrite, urlRewrite: { hostname: ${hostname} } }`;
const TO_MIRROR = { headers: { 'X-Header-Remove': 'remove-val', 'X-Header-Add-Append': 'append-val-1' } };

export const FILTER_GROUPS: readonly Group[] = [
  {
    name: 'HTTPRouteResponseHeaderModifier',
    manifests:
      service('answers') + route('answers', parent('answers', 'port: 80'), headerRules('response', 'rule', 'echo-v1')),
    cases: [
      ...headerCases('response', 'answers'),
      request(
        'over HTTP/2 as well',
        'answers',
        '/set',
        { ...V1, headers: { 'x-header-set': ['set-overwrites-values'] } },
        { protocol: 'h2c' },
      ),
    ],
  },
  {
    name: 'HTTPRouteBackendResponseHeaderModifier',
    manifests:
      service('backend-answers') +
      route('backend-answers', parent('backend-answers', 'port: 80'), headerRules('response', 'backend', 'echo-v1')),
    cases: headerCases('response', 'backend-answers'),
  },
  {
    name: 'HTTPRouteRequestHeaderModifierBackendWeights',
    manifests:
      service('backend-weights') +
      route(
        'backend-weights',
        parent('backend-weights', 'port: 80'),
        rules(
          `{ backendRefs: [${['echo-v1', 'echo-v2'].map((name) => `{ name: ${name}, port: 8080, weight: 10, filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: Backend, value: ${name} }] } }] }`).join(', ')}] }`,
        ),
      ),
    cases: Array.from({ length: 10 }, (_, i) =>
      request(`request ${i + 1} has the header of its backend`, 'backend-weights', '/', {
        seen: { headers: { backend: '$backend' } },
      }),
    ),
  },
  {
    name: 'HTTPRouteRequestMirror',
    manifests:
      service('mirror') +
      route(
        'mirror',
        parent('mirror', 'port: 80'),
        rules(
          prefixRule('/mirror', mirror('echo-v2')),
          prefixRule('/mirror-and-modify-headers', `${MODIFIER}, ${mirror('echo-v2')}`),
        ),
      ),
    cases: [
      request('a copy goes to the mirror', 'mirror', '/mirror', { ...V1, isCounted: true, mirrors: ['echo-v2'] }),
      request(
        'with the headers as modified',
        'mirror',
        '/mirror-and-modify-headers',
        { ...V1, isCounted: true, seen: MODIFIED, mirrors: ['echo-v2'] },
        TO_MIRROR,
      ),
      request(
        'of a POST as well',
        'mirror',
        '/mirror',
        { ...V1, isCounted: true, mirrors: ['echo-v2'] },
        { method: 'POST' },
      ),
    ],
  },
  {
    name: 'HTTPRouteRequestMultipleMirrors',
    manifests:
      service('mirrors') +
      route(
        'mirrors',
        parent('mirrors', 'port: 80'),
        rules(
          prefixRule('/multi-mirror', `${mirror('echo-v2')}, ${mirror('echo-v3')}`),
          prefixRule(
            '/multi-mirror-and-modify-request-headers',
            `${MODIFIER}, ${mirror('echo-v2')}, ${mirror('echo-v3')}`,
          ),
        ),
      ),
    cases: [
      request('copies go to both', 'mirrors', '/multi-mirror', {
        ...V1,
        isCounted: true,
        mirrors: ['echo-v2', 'echo-v3'],
      }),
      request(
        'with the headers as modified',
        'mirrors',
        '/multi-mirror-and-modify-request-headers',
        { ...V1, isCounted: true, seen: MODIFIED, mirrors: ['echo-v2', 'echo-v3'] },
        TO_MIRROR,
      ),
    ],
  },
  {
    name: 'HTTPRouteRequestPercentageMirror',
    manifests:
      service('mirror-share') +
      route(
        'mirror-share',
        parent('mirror-share', 'port: 80'),
        rules(
          prefixRule('/percent-mirror', mirror('echo-v2', ', percent: 20')),
          prefixRule('/percent-mirror-fraction', mirror('echo-v2', ', fraction: { numerator: 25, denominator: 50 }')),
          prefixRule('/percent-mirror-and-modify-headers', `${MODIFIER}, ${mirror('echo-v2', ', percent: 35')}`),
        ),
      ),
    cases: (
      [
        ['20 %', '/percent-mirror', 0.2],
        ['25 of 50', '/percent-mirror-fraction', 0.5],
        ['35 %, and headers', '/percent-mirror-and-modify-headers', 0.35],
      ] as const
    ).map(([name, path, share]) => ({
      type: 'split',
      kind: 'http',
      name: `${name} of 500 requests are mirrored`,
      request: { to: 'mirror-share', path },
      count: 500,
      shares: { 'echo-v2': share },
      // Binomial(500, 0.5) has a standard deviation of 2.2 points: five of them.
      tolerance: 0.11,
      ofMirrors: true,
    })),
  },
  {
    name: 'HTTPRouteRewriteHost',
    manifests:
      service('rewrite-host') +
      route(
        'rewrite-host',
        parent('rewrite-host', 'port: 80'),
        rules(
          prefixRule('/one', hostRewrite('one.example.org')),
          `{ filters: [${hostRewrite('example.org')}], backendRefs: [{ name: echo-v2, port: 8080 }] }`,
          prefixRule('/rewrite-host-and-modify-headers', `${hostRewrite('test.example.org')}, ${MODIFIER}`, 'echo-v2'),
        ),
      ),
    cases: [
      request(
        'by path',
        'rewrite-host',
        '/one',
        { ...V1, seen: { path: '/one', host: 'one.example.org' } },
        { host: 'rewrite.example' },
      ),
      request(
        'otherwise',
        'rewrite-host',
        '/two',
        { backend: 'echo-v2', seen: { path: '/two', host: 'example.org' } },
        { host: 'rewrite.example' },
      ),
      request(
        'and headers',
        'rewrite-host',
        '/rewrite-host-and-modify-headers',
        { backend: 'echo-v2', seen: { host: 'test.example.org', ...MODIFIED } },
        { ...TO_MODIFY, host: 'rewrite.example' },
      ),
      request(
        'over HTTP/2 as well',
        'rewrite-host',
        '/one',
        { ...V1, seen: { host: 'one.example.org' } },
        { host: 'rewrite.example', protocol: 'h2c' },
      ),
    ],
  },
  {
    name: 'HTTPRouteRewritePath',
    manifests:
      service('ns-rewrite-path') + route('ns-rewrite-path', parent('ns-rewrite-path', 'port: 80'), rewritePathRules()),
    cases: rewritePathCases('ns-rewrite-path'),
  },
  {
    name: 'HTTPRouteBackendURLRewrite',
    manifests:
      service('backend-rewrite') +
      route(
        'backend-rewrite',
        parent('backend-rewrite', 'port: 80'),
        rules(
          atBackend('/full', 'URLRewrite', 'urlRewrite', 'type: ReplaceFullPath, replaceFullPath: /rewritten-full'),
          atBackend(
            '/prefix',
            'URLRewrite',
            'urlRewrite',
            'type: ReplacePrefixMatch, replacePrefixMatch: /rewritten-prefix',
          ),
        ),
      ),
    cases: [
      request('the whole path', 'backend-rewrite', '/full/original', { ...V1, seen: { path: '/rewritten-full' } }),
      request('the prefix', 'backend-rewrite', '/prefix/original', {
        ...V1,
        seen: { path: '/rewritten-prefix/original' },
      }),
    ],
  },
  {
    name: 'HTTPRouteBackendRequestRedirect',
    manifests:
      service('backend-redirect') +
      route(
        'backend-redirect',
        parent('backend-redirect', 'port: 80'),
        rules(
          atBackend(
            '/full',
            'RequestRedirect',
            'requestRedirect',
            'type: ReplaceFullPath, replaceFullPath: /redirected-full',
          ),
          atBackend(
            '/prefix',
            'RequestRedirect',
            'requestRedirect',
            'type: ReplacePrefixMatch, replacePrefixMatch: /redirected-prefix',
          ),
        ),
      ),
    cases: [
      request(
        'the whole path',
        'backend-redirect',
        '/full/original',
        { status: [302], location: 'http://echo/redirected-full' },
        { host: 'echo' },
      ),
      request(
        'the prefix',
        'backend-redirect',
        '/prefix/original',
        { status: [302], location: 'http://echo/redirected-prefix/original' },
        { host: 'echo' },
      ),
    ],
  },
  {
    name: 'HTTPRouteCORS',
    manifests:
      service('cors') +
      route(
        'cors',
        parent('cors', 'port: 80'),
        rules(
          prefixRule(
            '/cors-1',
            cors(
              'allowOrigins: ["https://www.foo.com", "https://*.bar.com"], allowMethods: [GET, OPTIONS], allowHeaders: [x-header-1, x-header-2], exposeHeaders: [x-header-3, x-header-4], allowCredentials: true, maxAge: 3600',
            ),
          ),
          prefixRule('/cors-2', cors('allowOrigins: ["https://www.foo.com"], allowMethods: ["*"]')),
          prefixRule(
            '/cors-wildcard-origin',
            cors('allowOrigins: ["*"], allowMethods: [PUT], allowCredentials: false'),
          ),
          prefixRule(
            '/cors-wildcard-all',
            cors('allowOrigins: ["*"], allowMethods: ["*"], allowHeaders: ["*"], allowCredentials: true'),
          ),
          prefixRule(
            '/cors-wildcard-all-unauth',
            cors('allowOrigins: ["*"], allowMethods: ["*"], allowHeaders: ["*"], allowCredentials: false'),
          ),
        ),
      ),
    cases: corsCases(),
  },
];

function atBackend(prefix: string, type: string, member: string, path: string): string {
  return `{ matches: [{ path: { type: PathPrefix, value: ${prefix} } }], backendRefs: [{ name: echo-v1, port: 8080, filters: [{ type: ${type}, ${member}: { path: { ${path} } } }] }] }`;
}

function cors(text: string): string {
  return `{ type: CORS, cors: { ${text} } }`;
}

function corsCases(): RequestCase[] {
  const [ORIGIN, METHODS, HEADERS, EXPOSE, AGE, CREDENTIALS] = [
    'allow-origin',
    'allow-methods',
    'allow-headers',
    'expose-headers',
    'max-age',
    'allow-credentials',
  ].map((name) => `access-control-${name}`) as [string, string, string, string, string, string];
  const preflight = (
    name: string,
    path: string,
    origin: string,
    method: string,
    asked: string,
    expected: Partial<RequestCase>,
  ): RequestCase =>
    request(
      name,
      'cors',
      path,
      { status: [200, 204], ...expected },
      {
        method: 'OPTIONS',
        headers: {
          Origin: origin,
          'Access-Control-Request-Method': method,
          ...(asked === '' ? {} : { 'Access-Control-Request-Headers': asked }),
        },
      },
    );
  const simple = (
    name: string,
    path: string,
    origin: string,
    expected: Partial<RequestCase>,
    method = 'GET',
  ): RequestCase => request(name, 'cors', path, { ...expected }, { method, headers: { Origin: origin } });
  const whole = (origin: string) => ({
    headers: {
      [ORIGIN]: [origin],
      [METHODS]: ['GET,OPTIONS', 'OPTIONS,GET'],
      [HEADERS]: ['x-header-1,x-header-2', 'x-header-2,x-header-1'],
      [EXPOSE]: ['x-header-3,x-header-4', 'x-header-4,x-header-3'],
      [AGE]: ['3600'],
      [CREDENTIALS]: ['true'],
    },
  });
  const asked = 'x-header-1, x-header-2';
  const none = { absent: [ORIGIN] };
  return [
    preflight('preflight, exact origin', '/cors-1', 'https://www.foo.com', 'GET', asked, whole('https://www.foo.com')),
    preflight(
      'preflight, wildcard origin',
      '/cors-1',
      'https://www.bar.com',
      'GET',
      asked,
      whole('https://www.bar.com'),
    ),
    preflight(
      'preflight, wildcard over several labels',
      '/cors-1',
      'https://xpto.www.bar.com',
      'GET',
      asked,
      whole('https://xpto.www.bar.com'),
    ),
    preflight('preflight, other origin', '/cors-1', 'https://foobar.com', 'GET', '', {
      status: [200, 204, 403],
      ...none,
    }),
    simple('request, exact origin', '/cors-1', 'https://www.foo.com', {
      ...V1,
      headers: { [ORIGIN]: ['https://www.foo.com'] },
    }),
    simple('request, wildcard origin', '/cors-1', 'https://www.bar.com', {
      ...V1,
      headers: { [ORIGIN]: ['https://www.bar.com'] },
    }),
    simple('request, other origin', '/cors-1', 'https://foobar.com', none),
    preflight('preflight, any method', '/cors-2', 'https://www.foo.com', 'POST', '', {
      headers: { [ORIGIN]: ['https://www.foo.com'], [METHODS]: ['POST', '*'] },
      absent: [CREDENTIALS],
    }),
    preflight('preflight without credentials', '/cors-2', 'https://www.foo.com', 'POST', '', { absent: [CREDENTIALS] }),
    preflight('preflight, any origin', '/cors-wildcard-origin', 'https://foobar.com', 'PUT', '', {
      headers: { [ORIGIN]: ['https://foobar.com', '*'], [METHODS]: ['PUT'] },
      absent: [CREDENTIALS],
    }),
    preflight('preflight, any origin with a port', '/cors-wildcard-origin', 'https://foobar.com:12345', 'PUT', '', {
      headers: { [ORIGIN]: ['https://foobar.com:12345', '*'], [METHODS]: ['PUT'] },
      absent: [CREDENTIALS],
    }),
    simple(
      'request, any origin with a port',
      '/cors-wildcard-origin',
      'https://foobar.com:12345',
      { ...V1, headers: { [ORIGIN]: ['https://foobar.com:12345', '*'] } },
      'PUT',
    ),
    simple(
      'request, any origin',
      '/cors-wildcard-origin',
      'https://foobar.com',
      { ...V1, headers: { [ORIGIN]: ['https://foobar.com', '*'] }, absent: [CREDENTIALS] },
      'PUT',
    ),
    preflight(
      'preflight, anything, with credentials: the origin is echoed',
      '/cors-wildcard-all',
      'https://other.foo.com',
      'PUT',
      asked,
      {
        headers: {
          [ORIGIN]: ['https://other.foo.com'],
          [METHODS]: ['PUT'],
          [HEADERS]: ['x-header-1,x-header-2', 'x-header-2,x-header-1'],
          [CREDENTIALS]: ['true'],
        },
      },
    ),
    preflight(
      'preflight, anything, without credentials',
      '/cors-wildcard-all-unauth',
      'https://other.foo.com',
      'PUT',
      asked,
      {
        headers: {
          [ORIGIN]: ['https://other.foo.com', '*'],
          [METHODS]: ['PUT', '*'],
          [HEADERS]: ['x-header-1,x-header-2', 'x-header-2,x-header-1', '*'],
        },
        absent: [CREDENTIALS],
      },
    ),
    simple('request, any origin, with credentials', '/cors-wildcard-all', 'https://other.foo.com', {
      ...V1,
      headers: { [ORIGIN]: ['https://other.foo.com'], [CREDENTIALS]: ['true'] },
    }),
    simple('request, any origin, without credentials', '/cors-wildcard-all-unauth', 'https://other.foo.com', {
      ...V1,
      headers: { [ORIGIN]: ['https://other.foo.com', '*'] },
      absent: [CREDENTIALS],
    }),
  ];
}
