import t from 'tap';
import { compileService, type ServiceViewBody } from '../../../../src/resources/index.ts';
import { endpoint, endpointsOf, indexOf, type Manifest, policy, route, service, viewOf, workload } from '../world.ts';

/** `address:port*weight` of every endpoint of a cluster. */
function endpointsIn(view: ServiceViewBody, cluster = 'shop/orders:80'): string[] | undefined {
  return view.clusters[cluster]?.endpoints.map((e) => `${e.ip} ${e.port} *${e.weight} ${e.workload}`);
}

t.test('registered workloads count while they are healthy', async (t) => {
  const endpoints = endpointsOf(
    endpoint('up', { weight: 2 }),
    endpoint('down', { address: '10.0.1.2', healthy: false }),
    endpoint('up', { host: 'h2', address: '10.0.1.3' }),
    endpoint('other', { address: '10.0.1.4', namespace: 'pay' }),
  );
  const index = indexOf(service('orders'), workload('w', { address: '10.0.0.1', labels: { app: 'orders' } }));
  const view = (): string[] | undefined => endpointsIn(compileService(index, endpoints, 'shop/orders') ?? viewOf([]));
  t.same(view(), ['10.0.0.1 8080 *1 shop/w', '10.0.1.1 8080 *2 shop/up', '10.0.1.3 8080 *1 shop/up']);
  endpoints.put(endpoint('down', { address: '10.0.1.2' }));
  endpoints.deleteHost('h2');
  t.same(view(), ['10.0.0.1 8080 *1 shop/w', '10.0.1.1 8080 *2 shop/up', '10.0.1.2 8080 *1 shop/down']);
  endpoints.delete('h1', 'shop/up');
  t.same(view(), ['10.0.0.1 8080 *1 shop/w', '10.0.1.2 8080 *1 shop/down']);
});

t.test('an address and port that two workloads claim is one endpoint', async (t) => {
  const view = viewOf(
    [
      service('orders'),
      workload('b', { labels: { app: 'orders' } }),
      workload('a', { labels: { app: 'orders' }, weight: 7 }),
    ],
    endpointsOf(endpoint('c', { address: '10.0.0.1' })),
  );
  t.same(endpointsIn(view), ['10.0.0.1 8080 *7 shop/a']);
});

t.test('the port of a workload: same name, then number, then named targetPort', async (t) => {
  const labels = { app: 'orders' };
  const cases: readonly [string, Manifest, Manifest, number | null][] = [
    ['a number', { name: 'http', port: 80, targetPort: 8080 }, {}, 8080],
    ['the same name beats a number', { name: 'http', port: 80, targetPort: 8080 }, { http: 9000 }, 9000],
    [
      'the same name beats a named target',
      { name: 'http', port: 80, targetPort: 'web' },
      { http: 9000, web: 9001 },
      9000,
    ],
    ['a named target', { name: 'http', port: 80, targetPort: 'web' }, { web: 9001 }, 9001],
    ['a named target that is not there', { name: 'http', port: 80, targetPort: 'web' }, { www: 9001 }, null],
    ['no target: the same number', { name: 'http', port: 80 }, {}, 80],
    ['no name', { port: 80 }, { http: 9000 }, 80],
    ['a name of the prototype', { name: 'http', port: 80, targetPort: 'constructor' }, {}, null],
  ];
  for (const [name, port, ports, expected] of cases) {
    const view = viewOf([service('orders', { ports: [port] }), workload('w', { labels, ports })]);
    t.same(
      view.clusters['shop/orders:80']?.endpoints.map((e) => e.port),
      expected === null ? [] : [expected],
      name,
    );
  }
});

t.test('labels: metadata and spec together, metadata first; every label of the selector must fit', async (t) => {
  const select = (selector: Manifest): number | undefined =>
    viewOf([
      service('orders', { selector }),
      workload('w', { labels: { app: 'a', tier: 't' } }, { labels: { app: 'b' } }),
    ]).clusters['shop/orders:80']?.endpoints.length;
  t.equal(select({ app: 'b' }), 1);
  t.equal(select({ app: 'a' }), 0);
  t.equal(select({ app: 'b', tier: 't' }), 1);
  t.equal(select({ app: 'b', tier: 'x' }), 0);
  t.equal(select({ toString: 'x' }), 0);
  t.equal(select({}), 0, 'no selector picks nothing');
});

t.test('the oldest policy sets the load balancer, wherever the Service is a backend', async (t) => {
  const view = viewOf([
    service('orders'),
    service('v1'),
    route('r', [{ backendRefs: [{ name: 'v1', port: 80 }] }]),
    policy('z-old', 'v1', 'RoundRobin'),
    policy('a-young', 'v1', 'LeastRequest'),
    policy('elsewhere', 'orders', 'RoundRobin', { namespace: 'pay' }),
  ]);
  t.equal(view.clusters['shop/v1:80']?.loadBalancer, 'RoundRobin');
  t.equal(view.clusters['shop/orders:80']?.loadBalancer, 'LeastRequest', 'the default');
});
