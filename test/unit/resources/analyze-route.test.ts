import t from 'tap';
import { analyzeResources } from '../../../src/resources/index.ts';
import {
  extension,
  grpcRoute,
  indexOf,
  type Manifest,
  route,
  routeFilter,
  service,
  tcpRoute,
  tlsRoute,
} from './world.ts';

function findings(manifests: Manifest[]): string[] {
  return analyzeResources(indexOf(...manifests)).map((f) => `${f.level} ${f.code} ${f.path}: ${f.message}`);
}

t.test('every finding about a route, with its code and place', async (t) => {
  const orders = service('orders');
  const elsewhere = { parentRefs: [{ group: '', kind: 'Service', name: 'orders', namespace: 'shop' }] };
  const answers = routeFilter('answers', { directResponse: {} });
  const mirror = { type: 'RequestMirror', requestMirror: { backendRef: { name: 'gone', port: 80 } } };
  const cases: readonly [string, Manifest[], RegExp][] = [
    [
      'missing parent',
      [route('r', [{}])],
      /^error TWP0101 HTTPRoute shop\/r: spec\.parentRefs\[0\]: the Service shop\/orders does not exist/,
    ],
    [
      'missing backend',
      [orders, route('r', [{}, { matches: [{ method: 'GET' }], backendRefs: [{ name: 'x', port: 1 }] }])],
      /^error TWP0101 HTTPRoute shop\/r: spec\.rules\[1\]\.backendRefs\[0\]: the Service shop\/x/,
    ],
    [
      'duplicate match',
      [orders, route('a', [{ name: 'one' }]), route('b', [{ matches: [{}, { method: 'GET' }] }])],
      /^warning TWP0131 HTTPRoute shop\/b: spec\.rules\[0\]\.matches\[0\]: rule one of HTTPRoute shop\/a/,
    ],
    [
      'unreachable rule',
      [orders, route('a', [{ matches: [{ path: { value: '/x' } }] }, { matches: [{ path: { value: '/x/' } }] }])],
      /^warning TWP0130 HTTPRoute shop\/a: spec\.rules\[1\]: this rule is never reached/,
    ],
    [
      'hostnames',
      [orders, route('r', [{}], { hostnames: ['orders.example'] })],
      /^warning TWP1101 HTTPRoute shop\/r: spec\.hostnames: /,
    ],
    [
      'a consumer route for connections',
      [orders, tcpRoute('r', [{ name: 'orders', port: 80 }], elsewhere, { namespace: 'pay' })],
      /^error TWP1102 TCPRoute pay\/r: spec\.parentRefs\[0\]: a TCPRoute must be in the namespace of shop\/orders/,
    ],
    [
      'another kind has the port',
      [orders, route('r', [{}]), grpcRoute('g', [{}])],
      /^error TWP1111 HTTPRoute shop\/r: spec\.parentRefs\[0\]: GRPCRoutes are attached to shop\/orders/,
    ],
    [
      'an unknown filter',
      [
        orders,
        route('r', [{ filters: [{ type: 'ExtensionRef', extensionRef: { group: 'x', kind: 'F', name: 'a' } }] }]),
      ],
      /^error TWP1112 HTTPRoute shop\/r: spec\.rules\[0\]\.filters\[0\]\.extensionRef: filters of kind x\/F/,
    ],
    [
      'a missing filter',
      [orders, route('r', [{ filters: [extension('gone')] }])],
      /^error TWP0101 HTTPRoute shop\/r: spec\.rules\[0\]\.filters\[0\]\.extensionRef: the HTTPRouteFilter shop\/gone/,
    ],
    [
      'a missing mirror',
      [orders, route('r', [{ filters: [mirror] }])],
      /^error TWP0101 HTTPRoute shop\/r: spec\.rules\[0\]\.filters\[0\]\.requestMirror\.backendRef: the Service/,
    ],
    [
      'two answers',
      [orders, answers, route('r', [{ filters: [extension('answers'), extension('answers')] }])],
      /^error TWP1113 HTTPRoute shop\/r: spec\.rules\[0\]\.filters\[1\]: another filter/,
    ],
    [
      'an older TCPRoute',
      [orders, tcpRoute('a', [{ name: 'orders', port: 80 }]), tcpRoute('b', [{ name: 'orders', port: 80 }])],
      /^warning TWP1114 TCPRoute shop\/b: spec\.parentRefs\[0\]: the older TCPRoute shop\/a carries/,
    ],
    [
      'an older TLSRoute for one of the names',
      [
        orders,
        tlsRoute('a', ['a.example', 'b.example'], [{ name: 'orders', port: 80 }]),
        tlsRoute('b', ['b.example', 'c.example'], [{ name: 'orders', port: 80 }]),
      ],
      /^warning TWP1114 TLSRoute shop\/b: spec\.parentRefs\[0\]: the older TLSRoute shop\/a carries/,
    ],
    ['a filter that nobody names', [answers], /^info TWP1115 HTTPRouteFilter shop\/answers: no route/],
    [
      'the same call twice',
      [
        orders,
        grpcRoute('g', [
          { name: 'one', matches: [{ method: { service: 'a.B' } }] },
          { name: 'two', matches: [{ method: { service: '.a.B' } }] },
        ]),
      ],
      /^warning TWP0131 GRPCRoute shop\/g: spec\.rules\[1\]\.matches\[0\]: rule one of GRPCRoute shop\/g has the same/,
    ],
    [
      'all weights 0',
      [orders, route('r', [{ backendRefs: [{ name: 'orders', port: 80, weight: 0 }] }])],
      /^warning TWP1103 HTTPRoute shop\/r: spec\.rules\[0\]\.backendRefs: all weights are 0/,
    ],
    [
      'parent is not HTTP',
      [service('orders', { ports: [{ port: 80, appProtocol: 'tls' }] }), route('r', [{}])],
      /^error TWP1104 /,
    ],
    [
      'backend of another kind',
      [orders, route('r', [{ backendRefs: [{ name: 'x', group: 'apps', kind: 'Deployment' }] }])],
      /^error TWP1107 /,
    ],
  ];
  for (const [name, manifests, expected] of cases) {
    const found = findings(manifests);
    t.ok(
      found.some((f) => expected.test(f)),
      `${name} in ${JSON.stringify(found)}`,
    );
  }
});

t.test('matches that differ in anything are no duplicates, and each duplicate is told once', async (t) => {
  const two = service('orders', {
    ports: [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ],
  });
  const different = [
    { method: 'GET' },
    { method: 'POST' },
    { headers: [{ name: 'a', value: 'x' }] },
    { headers: [{ name: 'a', value: 'y' }] },
    {},
  ];
  t.same(
    findings([
      two,
      route(
        'r',
        different.map((match) => ({ matches: [match] })),
      ),
    ]),
    [],
  );
  t.equal(
    findings([two, route('r', [{}, { matches: [{ method: 'GET' }, {}] }])]).length,
    1,
    'one finding for both ports',
  );
  const cased = [{ headers: [{ name: 'X-A', value: '1' }] }, { headers: [{ name: 'x-a', value: '1' }] }];
  t.match(findings([two, route('r', [{ matches: cased }])])[0], /TWP0131/, 'header names have no case');
});

t.test(
  'producer and consumer routes are no duplicates of each other, nor are TLSRoutes of different names',
  async (t) => {
    const refs = { parentRefs: [{ group: '', kind: 'Service', name: 'orders', namespace: 'shop' }] };
    const to = [{ name: 'orders', port: 80 }];
    t.same(findings([service('orders'), route('a', [{}]), route('b', [{}], refs, { namespace: 'pay' })]), []);
    t.same(findings([service('orders'), tlsRoute('a', ['a.example'], to), tlsRoute('b', ['*.example'], to)]), []);
  },
);
