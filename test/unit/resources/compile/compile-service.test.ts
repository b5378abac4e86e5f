import fc from 'fast-check';
import t from 'tap';
import { serviceViewSchema } from '../../../../src/contract/view-schema.ts';
import {
  compileDirectory,
  compileService,
  EndpointIndex,
  ResourceIndex,
  resourceId,
} from '../../../../src/resources/index.ts';
import { keyOf } from '../../../../src/resources/relations.ts';
import { anyEndpoint, anyManifest, decode, endpointsOf, indexOf, service, viewOf, workload } from '../world.ts';

t.test('a Service without routes just flows to its workloads', async (t) => {
  const view = viewOf([
    service('orders', {
      clusterIPs: ['fd00:240::1', '240.240.0.1'],
      ports: [{ name: 'http', port: 80, targetPort: 8080, appProtocol: 'http' }],
    }),
    workload('w1', { address: 'fd00::1', labels: { app: 'orders' } }),
    workload('w2', { address: '10.0.0.2', labels: { app: 'orders', version: 'v2' }, weight: 3 }),
    workload('w3', { address: '10.0.0.3', labels: { app: 'cart' } }),
    workload('w4', { address: '10.0.0.4', labels: { app: 'orders' } }, { namespace: 'pay' }),
  ]);
  t.same(view, {
    namespace: 'shop',
    name: 'orders',
    virtualIps: ['240.240.0.1', 'fd00:240::1'],
    ports: [{ name: 'http', port: 80, protocol: 'http1', cluster: 'shop/orders:80', http: null }],
    clusters: {
      'shop/orders:80': {
        service: 'shop/orders',
        port: 80,
        protocol: 'http1',
        loadBalancer: 'LeastRequest',
        endpoints: [
          { ip: '10.0.0.2', port: 8080, weight: 3, workload: 'shop/w2' },
          { ip: 'fd00::1', port: 8080, weight: 1, workload: 'shop/w1' },
        ],
      },
    },
  });
  t.equal(compileService(new ResourceIndex(), endpointsOf(), 'shop/orders'), null, 'no Service, no view');
});

t.test('fuzz: every view is one that agents accept', async (t) => {
  const version = { epoch: 1, gen: 1, hash: '0123456789abcdef' };
  fc.assert(
    fc.property(fc.array(anyManifest, { maxLength: 14 }), (manifests) => {
      const index = indexOf(...manifests);
      for (const { resource } of index.list('Service')) {
        const view = compileService(index, endpointsOf(), keyOf(resource));
        const parsed = serviceViewSchema.safeParse({ version, ...view });
        t.ok(parsed.success, JSON.stringify(parsed.error?.issues));
        t.same(JSON.parse(JSON.stringify(parsed.data)), JSON.parse(JSON.stringify({ version, ...view })));
      }
    }),
    { numRuns: 300 },
  );
});

t.test('fuzz: accepted resources always compile, and the order of arrival does not matter', async (t) => {
  const age = fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z');
  const world = fc.array(fc.tuple(anyManifest, age), { maxLength: 14 });
  fc.assert(
    fc.property(
      world,
      fc.array(anyEndpoint, { maxLength: 5 }),
      fc.array(fc.nat(), { minLength: 20, maxLength: 20 }),
      (manifests, endpoints, order) => {
        const unique = [
          ...new Map(
            manifests.map(([manifest, creationTimestamp]) => {
              const resource = decode(manifest);
              return [resourceId(resource), { resource, creationTimestamp, generation: 1 }];
            }),
          ).values(),
        ];
        const registrations = [...new Map(endpoints.map((e) => [`${e.host} ${e.namespace} ${e.name}`, e])).values()];
        const shuffled = <T>(list: T[]): T[] =>
          list
            .map((item, i) => ({ item, at: order[i] ?? 0 }))
            .sort((a, b) => a.at - b.at)
            .map(({ item }) => item);
        const compileAll = (stored: typeof unique, registered: typeof registrations): Record<string, string> => {
          const index = new ResourceIndex();
          const endpointIndex = new EndpointIndex();
          for (const one of stored) index.put(one);
          for (const one of registered) endpointIndex.put(one);
          const keys = index.frontendKeys();
          const views = keys.map((key) => [key, JSON.stringify(compileService(index, endpointIndex, key))]);
          return { ...Object.fromEntries(views), directory: JSON.stringify(compileDirectory(index)) };
        };
        t.same(compileAll(shuffled(unique), shuffled(registrations)), compileAll(unique, registrations));
      },
    ),
    { numRuns: 400 },
  );
});
