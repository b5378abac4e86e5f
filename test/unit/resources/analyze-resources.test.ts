import fc from 'fast-check';
import t from 'tap';
import { analyzeResources, conditionsOf, resourceId } from '../../../src/resources/index.ts';
import {
  anyManifest,
  decode,
  endpoint,
  endpointsOf,
  indexOf,
  type Manifest,
  policy,
  route,
  service,
  workload,
} from './world.ts';

function findings(manifests: Manifest[], endpoints: ReturnType<typeof endpointsOf> | null = null): string[] {
  return analyzeResources(indexOf(...manifests), endpoints).map((f) => `${f.level} ${f.code} ${f.path}: ${f.message}`);
}

const labelled = workload('w', { labels: { app: 'orders' } });

t.test('sound resources give nothing to say', async (t) => {
  t.same(
    findings(
      [
        service('orders'),
        labelled,
        route('r', [{ matches: [{ method: 'GET' }] }, {}]),
        policy('p', 'orders', 'RoundRobin'),
      ],
      endpointsOf(),
    ),
    [],
  );
  t.same(findings([service('orders')]), [], 'files alone do not tell which workloads will register');
});

t.test('every finding, with its code and place', async (t) => {
  const orders = service('orders');
  const cases: readonly [string, Manifest[], RegExp][] = [
    [
      'missing target',
      [policy('p', 'x', 'RoundRobin')],
      /^error TWP0101 BackendTrafficPolicy shop\/p: spec\.targetRefs\[0\]: /,
    ],
    [
      'no selector',
      [service('orders', { selector: {} })],
      /^warning TWP0127 Service shop\/orders: spec\.selector: without a selector/,
    ],
    [
      'address taken',
      [service('a', { clusterIPs: ['240.240.0.1'] }), service('b', { clusterIPs: ['240.240.0.1'] })],
      /^error TWP1005 Service shop\/b: spec\.clusterIPs\[0\]: 240\.240\.0\.1 belongs to the older Service shop\/a/,
    ],
    [
      'two policies',
      [orders, policy('a', 'orders', 'RoundRobin'), policy('b', 'orders', 'RoundRobin')],
      /^warning TWP1105 BackendTrafficPolicy shop\/b: spec\.targetRefs\[0\]: BackendTrafficPolicy shop\/a, older/,
    ],
    [
      'port not offered',
      [service('orders', { ports: [{ port: 80, targetPort: 'web' }] }), labelled],
      /^warning TWP1106 Service shop\/orders: spec\.ports\[0\]\.targetPort: 1 of 1 workloads have no port named "web"/,
    ],
    [
      'unknown appProtocol',
      [service('orders', { ports: [{ port: 80, appProtocol: 'acme' }] })],
      /^info TWP1108 Service shop\/orders: spec\.ports\[0\]\.appProtocol: "acme"/,
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

t.test('a Service that nobody serves is told once registrations are known', async (t) => {
  t.match(findings([service('orders')], endpointsOf())[0], /TWP0127/);
  t.match(
    findings([service('orders')], endpointsOf(endpoint('e', { healthy: false })))[0],
    /TWP0127 .*no healthy workload/,
  );
  t.same(findings([service('orders')], endpointsOf(endpoint('e'))), []);
});

t.test('the most serious findings come first', async (t) => {
  const found = findings([
    service('a', { ports: [{ port: 80, appProtocol: 'acme' }], selector: {} }),
    route('z', [{}]),
  ]);
  t.same(
    found.map((f) => f.split(' ')[0]),
    ['error', 'warning', 'info'],
  );
});

t.test('fuzz: analysis and conditions never throw, and every route and policy is judged', async (t) => {
  fc.assert(
    fc.property(fc.array(anyManifest, { maxLength: 12 }), (manifests) => {
      const index = indexOf(...manifests);
      analyzeResources(index, endpointsOf());
      for (const manifest of manifests) {
        const conditions = conditionsOf(index, resourceId(decode(manifest)));
        const parents = new Set(conditions.map(({ parent }) => parent));
        const accepted = conditions.filter((c) => c.type === 'Accepted');
        t.ok(accepted.length > 0 && accepted.length === parents.size, 'one verdict for each parent or target');
      }
    }),
    { numRuns: 300 },
  );
});
