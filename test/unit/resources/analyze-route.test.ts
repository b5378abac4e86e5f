import t from 'tap';
import { analyzeResources } from '../../../src/resources/index.ts';
import { indexOf, type Manifest, route, service } from './world.ts';

function findings(manifests: Manifest[]): string[] {
  return analyzeResources(indexOf(...manifests)).map((f) => `${f.level} ${f.code} ${f.path}: ${f.message}`);
}

t.test('every finding about a route, with its code and place', async (t) => {
  const orders = service('orders');
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
