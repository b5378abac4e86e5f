import fc from 'fast-check';
import t from 'tap';
import {
  affectedServices,
  type Change,
  compileDirectoryEntry,
  compileService,
  EndpointIndex,
  hashView,
  ResourceIndex,
  resourceId,
} from '../../../src/resources/index.ts';
import {
  anyEndpoint,
  anyManifest,
  decode,
  endpoint,
  extension,
  grpcRoute,
  indexOf,
  type Manifest,
  parent,
  policy,
  route,
  routeFilter,
  service,
  tcpRoute,
  workload,
} from './world.ts';

const pay = { namespace: 'pay' };
const copies = { type: 'RequestMirror', requestMirror: { backendRef: { name: 'copies', port: 80 } } };

const world = (): ResourceIndex =>
  indexOf(
    service('orders'),
    service('v2', { selector: { app: 'orders', version: 'v2' } }),
    service('shopfront'),
    service('cart'),
    route('orders', [{ backendRefs: [{ name: 'v2', port: 80 }] }]),
    route('cart', [{ filters: [copies, extension('pilots')] }], { parentRefs: [parent('cart')] }),
    route('front', [{ backendRefs: [{ name: 'orders', port: 80 }] }], { parentRefs: [parent('shopfront')] }),
  );

function change(before: Manifest | null, after: Manifest | null): Change {
  return { type: 'resource', before: before && decode(before), after: after && decode(after) };
}

t.test('a change touches the services whose views it can alter, and no others', async (t) => {
  const v2 = { labels: { app: 'orders', version: 'v2' } };
  const cases: readonly [string, Change, string[]][] = [
    [
      'a Service: itself and the parents of routes to it',
      change(null, service('orders')),
      ['shop/orders', 'shop/shopfront'],
    ],
    ['a Service that nobody names', change(service('cart'), null), ['shop/cart']],
    [
      'a route: its parents, old and new',
      change(route('orders', [{}]), route('orders', [{}], { parentRefs: [parent('cart')] })),
      ['shop/cart', 'shop/orders'],
    ],
    [
      'a policy: targets and who routes to them',
      change(null, policy('p', 'v2', 'RoundRobin')),
      ['shop/orders', 'shop/v2'],
    ],
    [
      'a workload: the Services that select it and who routes to them',
      change(null, workload('w', v2)),
      ['shop/orders', 'shop/shopfront', 'shop/v2'],
    ],
    [
      'a workload that changes its labels',
      change(workload('w', v2), workload('w', { labels: { app: 'cart' } })),
      ['shop/cart', 'shop/orders', 'shop/shopfront', 'shop/v2'],
    ],
    ['a mirror: who sends copies to it', change(null, service('copies')), ['shop/cart', 'shop/copies']],
    [
      'a route filter: the parents of routes that name it',
      change(null, routeFilter('pilots', { directResponse: {} })),
      ['shop/cart'],
    ],
    ['a route filter of another namespace', change(null, routeFilter('pilots', { directResponse: {} }, pay)), []],
    ['a TCPRoute: its parents', change(tcpRoute('t', [{ name: 'v2', port: 80 }]), null), ['shop/orders']],
    [
      'a consumer route: the Service of the other namespace',
      change(null, grpcRoute('g', [{}], { parentRefs: [parent('orders', { namespace: 'shop' })] }, pay)),
      ['shop/orders'],
    ],
    ['a workload that nobody selects', change(null, workload('w', { labels: { app: 'x' } })), []],
    ['a workload of another namespace', change(null, workload('w', v2, { namespace: 'pay' })), []],
    [
      'a registered workload',
      { type: 'endpoint', before: null, after: endpoint('e') },
      ['shop/orders', 'shop/shopfront'],
    ],
    [
      'a registered workload that leaves',
      { type: 'endpoint', before: endpoint('e', { labels: { app: 'cart' } }), after: null },
      ['shop/cart'],
    ],
  ];
  for (const [name, what, expected] of cases) t.same(affectedServices(world(), what), expected, name);
});

t.test('a Service that claims the address of another touches both', async (t) => {
  const index = indexOf(service('a', { clusterIPs: ['240.240.0.9'] }));
  t.same(affectedServices(index, change(null, service('b', { clusterIPs: ['240.240.0.9'] }))), ['shop/a', 'shop/b']);
});

t.test('fuzz: no view changes that was not announced, whatever happens in whatever order', async (t) => {
  const put = anyManifest.map((manifest) => ({ type: 'put' as const, manifest }));
  const remove = anyManifest.map((manifest) => ({ type: 'remove' as const, manifest }));
  const register = anyEndpoint.map((registered) => ({ type: 'register' as const, registered }));
  const leave = fc.constantFrom('h1', 'h2').map((host) => ({ type: 'leave' as const, host }));
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 4, arbitrary: put }, remove, register, leave), { maxLength: 25 }),
      (steps) => {
        const index = new ResourceIndex();
        const endpoints = new EndpointIndex();
        const hashes = (): Map<string, string> => {
          const published = (key: string) => ({
            view: compileService(index, endpoints, key),
            entry: compileDirectoryEntry(index, key),
          });
          return new Map(index.frontendKeys().map((key) => [key, hashView(published(key))]));
        };
        let before = hashes();
        for (const [i, step] of steps.entries()) {
          const changes = apply(index, endpoints, step, i);
          const announced = new Set(changes.flatMap((one) => affectedServices(index, one)));
          const after = hashes();
          for (const key of new Set([...before.keys(), ...after.keys()])) {
            if (before.get(key) !== after.get(key)) t.ok(announced.has(key), `${key} after ${JSON.stringify(step)}`);
          }
          before = after;
        }
        t.same([...before], [...recompiled(index, endpoints)], 'and the indexes are as if built afresh');
      },
    ),
    { numRuns: 300 },
  );
});

type Step =
  | { readonly type: 'put' | 'remove'; readonly manifest: Manifest }
  | { readonly type: 'register'; readonly registered: ReturnType<typeof endpoint> }
  | { readonly type: 'leave'; readonly host: string };

function apply(index: ResourceIndex, endpoints: EndpointIndex, step: Step, i: number): Change[] {
  switch (step.type) {
    case 'put':
      return [
        index.put({
          resource: decode(step.manifest),
          generation: i,
          creationTimestamp: new Date(i * 1000).toISOString(),
        }),
      ];
    case 'remove':
      return [index.delete(resourceId(decode(step.manifest)))];
    case 'register':
      return [endpoints.put(step.registered)];
    case 'leave':
      return endpoints.deleteHost(step.host);
  }
}

function recompiled(index: ResourceIndex, endpoints: EndpointIndex): Map<string, string> {
  const freshIndex = new ResourceIndex();
  const freshEndpoints = new EndpointIndex();
  for (const stored of index.list()) freshIndex.put(stored);
  for (const registered of endpoints.list()) freshEndpoints.put(registered);
  const keys = freshIndex.frontendKeys();
  const published = (key: string) => ({
    view: compileService(freshIndex, freshEndpoints, key),
    entry: compileDirectoryEntry(freshIndex, key),
  });
  return new Map(keys.map((key) => [key, hashView(published(key))]));
}

t.test('the cost of a change does not grow with the number of services', async (t) => {
  const costOf = (services: number): number => {
    const index = new ResourceIndex();
    const creationTimestamp = '2026-01-01T00:00:00Z';
    for (let i = 0; i < services; i++) {
      const resource = decode(
        service(`s${i}`, {
          selector: { mesh: 'one', app: `s${i}` },
          clusterIPs: [`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`],
        }),
      );
      index.put({ resource, generation: 1, creationTimestamp });
    }
    const endpoints = new EndpointIndex();
    const labels = { mesh: 'one', app: 's7', extra: 'x' };
    for (let i = 0; i < 500; i++) endpoints.put(endpoint(`w${i}`, { labels: { mesh: 'one', app: `s${i}` } }));
    const runs = Array.from({ length: 5 }, () => {
      const started = process.hrtime.bigint();
      for (let i = 0; i < 1000; i++) {
        const [affected] = affectedServices(index, endpoints.put(endpoint('w', { labels })));
        compileService(index, endpoints, affected ?? '');
      }
      return Number(process.hrtime.bigint() - started);
    });
    return Math.min(...runs);
  };
  const few = costOf(100);
  const many = costOf(10_000);
  t.ok(many < 10 * few, `a hundred times the services cost ${(many / few).toFixed(1)} times as much`);
});
