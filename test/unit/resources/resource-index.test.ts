import t from 'tap';
import { decode, indexOf, parent, policy, route, service, workload } from './world.ts';

t.test('put and delete hand back the change to ask about', async (t) => {
  const index = indexOf(service('cart'));
  const resource = decode(service('cart', { ports: [{ port: 81 }] }));
  const change = index.put({ resource, generation: 2, creationTimestamp: '2026-01-01T00:00:00Z' });
  t.match(change, {
    type: 'resource',
    before: { spec: { ports: [{ port: 80 }] } },
    after: { spec: { ports: [{ port: 81 }] } },
  });
  t.equal(index.get('Service.shop.cart')?.generation, 2);
  t.match(index.delete('Service.shop.cart'), { before: { kind: 'Service' }, after: null });
  t.match(index.delete('Service.shop.cart'), { before: null, after: null });
  t.same(index.list(), []);
});

t.test('resources are listed by kind, sorted by id', async (t) => {
  const index = indexOf(service('b'), workload('w'), service('a'), route('r', [{}]));
  t.same(
    index.list('Service').map(({ resource }) => resource.metadata.name),
    ['a', 'b'],
  );
  t.same(
    index.list().map(({ resource }) => resource.metadata.name),
    ['r', 'a', 'b', 'w'],
  );
});

t.test('what speaks of a Service is found from the Service, until it does no longer', async (t) => {
  const index = indexOf(
    service('orders', { clusterIPs: ['240.240.0.1'] }),
    route('r', [{ backendRefs: [{ name: 'v1', port: 80 }] }], { parentRefs: [parent('orders')] }),
    policy('p', 'orders', 'RoundRobin'),
    workload('w', { labels: { app: 'orders' } }),
  );
  const found = (): number[] => [
    index.routesWithParent('shop/orders').length,
    index.routesWithBackend('shop/v1').length,
    index.policiesTargeting('shop/orders').length,
    index.frontendsWithVirtualIp('240.240.0.1').length,
    index.servicesSelecting('shop', { app: 'orders', more: 'x' }).length,
    index.workloadsSelected('shop', { app: 'orders' }).length,
  ];
  t.same(found(), [1, 1, 1, 1, 1, 1]);
  t.same([index.routesWithParent('shop/v1').length, index.routesWithBackend('shop/orders').length], [0, 0]);
  t.equal(index.service('shop/orders')?.resource.metadata.name, 'orders');
  t.equal(index.service('pay/orders'), undefined);
  for (const { resource } of index.list()) index.delete(`${resource.kind}.shop.${resource.metadata.name}`);
  t.same(found(), [0, 0, 0, 0, 0, 0]);
});
