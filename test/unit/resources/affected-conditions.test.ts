import fc from 'fast-check';
import t from 'tap';
import {
  affectedConditions,
  type Change,
  conditionsOf,
  ResourceIndex,
  resourceId,
} from '../../../src/resources/index.ts';
import {
  anyManifest,
  configMap,
  decode,
  endpoint,
  extension,
  grpcRoute,
  indexOf,
  type Manifest,
  policy,
  route,
  routeFilter,
  routeTarget,
  service,
  tlsPolicy,
  trafficPolicy,
} from './world.ts';

const added = (after: Manifest): Change => ({ type: 'resource', before: null, after: decode(after) });

t.test('what else is to be said of whom after a change', async (t) => {
  const index = indexOf(
    service('orders'),
    service('cart'),
    route('r', [{ filters: [extension('f')], backendRefs: [{ name: 'v2', port: 80 }] }]),
    grpcRoute('g', [{}]),
    policy('p', 'orders', 'RoundRobin'),
    policy('q', 'orders', 'RoundRobin'),
    trafficPolicy('of-route', [routeTarget('r')], { retry: {} }),
    tlsPolicy('secured', 'orders'),
  );
  const cases: readonly [string, Change, string[]][] = [
    [
      'a Service: everything that speaks of it',
      added(service('orders')),
      [
        'BackendTLSPolicy.shop.secured',
        'BackendTrafficPolicy.shop.p',
        'BackendTrafficPolicy.shop.q',
        'GRPCRoute.shop.g',
        'HTTPRoute.shop.r',
        'Service.shop.orders',
      ],
    ],
    ['a backend: the routes to it', added(service('v2')), ['GRPCRoute.shop.g', 'HTTPRoute.shop.r', 'Service.shop.v2']],
    [
      'a route: its rivals and its policies',
      added(route('r', [{}])),
      ['BackendTrafficPolicy.shop.of-route', 'GRPCRoute.shop.g', 'HTTPRoute.shop.r'],
    ],
    [
      'a filter: the routes that name it, and their rivals',
      added(routeFilter('f', { directResponse: {} })),
      ['BackendTrafficPolicy.shop.of-route', 'GRPCRoute.shop.g', 'HTTPRoute.shop.r', 'HTTPRouteFilter.shop.f'],
    ],
    [
      'a policy: its rivals',
      added(policy('new', 'orders', 'RoundRobin')),
      ['BackendTrafficPolicy.shop.new', 'BackendTrafficPolicy.shop.p', 'BackendTrafficPolicy.shop.q'],
    ],
    [
      'certificates: the policies that trust them',
      added(configMap('authority', {})),
      ['BackendTLSPolicy.shop.secured', 'ConfigMap.shop.authority'],
    ],
    ['an endpoint: nobody', { type: 'endpoint', before: null, after: endpoint('e') }, []],
  ];
  for (const [name, change, expected] of cases) {
    const found = affectedConditions(index, change);
    t.same(
      expected.filter((id) => !found.some((other) => other === id)),
      [],
      name,
    );
    if (name !== 'a backend: the routes to it') t.same(found, expected, `${name}, and nobody else`);
  }
});

t.test('fuzz: no condition changes that was not announced, whatever happens in whatever order', async (t) => {
  const step = fc.record({ manifest: anyManifest, remove: fc.integer({ min: 0, max: 4 }).map((n) => n === 0) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 18 }), (steps) => {
      const index = new ResourceIndex();
      const said = (): Map<string, string> =>
        new Map(
          index.list().map(({ resource }) => {
            const conditions = conditionsOf(index, resourceId(resource));
            return [resourceId(resource), JSON.stringify(conditions)];
          }),
        );
      let before = said();
      for (const [i, { manifest, remove }] of steps.entries()) {
        const resource = decode(manifest);
        const creationTimestamp = new Date(i * 1000).toISOString();
        const change = remove
          ? index.delete(resourceId(resource))
          : index.put({ resource, generation: 1, creationTimestamp });
        const announced = new Set<string>(affectedConditions(index, change));
        const after = said();
        for (const [id, conditions] of after) {
          if (before.get(id) !== conditions) t.ok(announced.has(id), `${id} after ${JSON.stringify(manifest)}`);
        }
        before = after;
      }
    }),
    { numRuns: 250 },
  );
});
