import t from 'tap';
import { attachParent, parentTitle } from '../../../src/resources/attach-parent.ts';
import { isRoute } from '../../../src/resources/types.ts';
import { decode, grpcRoute, indexOf, type Manifest, parent, route, service, tcpRoute, tlsRoute } from './world.ts';

const services = [
  service('orders', {
    ports: [
      { name: 'http', port: 80 },
      { name: 'grpc', port: 81, appProtocol: 'grpc' },
      { name: 'db', port: 82, appProtocol: 'tcp' },
    ],
  }),
  service('db', { ports: [{ port: 5432, appProtocol: 'tcp' }] }),
];

/** How `parentRef` of a route in `namespace` fares, in one line. */
function fate(parentRef: Manifest, namespace = 'shop'): string {
  return fateOf(route('r', [{}], { parentRefs: [parentRef] }, { namespace }));
}

/** How the first parentRef of a route fares among others. */
function fateOf(manifest: Manifest, ...others: Manifest[]): string {
  const resource = decode(manifest);
  if (!isRoute(resource)) throw new Error('not a route');
  const [ref] = resource.spec.parentRefs;
  if (ref === undefined) throw new Error('no parentRef');
  const state = attachParent(indexOf(...services, ...others, manifest), resource, ref);
  const title = parentTitle(resource, ref);
  return state.type === 'attached'
    ? `${title}: ports ${state.ports.map(({ port }) => port).join(' ')}`
    : `${title}: ${state.cause} ${state.reason}`;
}

t.test('a parentRef attaches to the ports that it names and that carry HTTP', async (t) => {
  t.equal(fate(parent('orders')), 'shop/orders: ports 80 81');
  t.equal(fate(parent('orders', { port: 81 })), 'shop/orders:81: ports 81');
  t.equal(fate(parent('orders', { sectionName: 'http' })), 'shop/orders port http: ports 80');
  t.equal(fate(parent('orders', { sectionName: 'http', port: 80 })), 'shop/orders:80 port http: ports 80');
});

t.test('or it is refused, with the cause', async (t) => {
  t.equal(fate(parent('gone')), 'shop/gone: not-found NoMatchingParent');
  t.equal(fate(parent('orders', { port: 99 })), 'shop/orders:99: not-found NoMatchingParent');
  t.equal(
    fate(parent('orders', { sectionName: 'http', port: 81 })),
    'shop/orders:81 port http: not-found NoMatchingParent',
  );
  t.equal(fate(parent('orders', { port: 82 })), 'shop/orders:82: not-carried NoMatchingParent');
  t.equal(fate(parent('db')), 'shop/db: not-carried NoMatchingParent');
  const entry = { group: 'networking.istio.io', kind: 'ServiceEntry', name: 'orders' };
  t.equal(fate(entry), 'shop/orders: not-found NoMatchingParent', 'not the Service of that name');
  t.equal(fate(parent('orders', { namespace: 'nowhere' })), 'nowhere/orders: not-found NoMatchingParent');
});

t.test('routes of other namespaces attach for their own programs, if they choose by request', async (t) => {
  t.equal(fate(parent('orders', { namespace: 'shop' }), 'pay'), 'shop/orders: ports 80 81');
  const refs = { parentRefs: [parent('db', { namespace: 'shop' })] };
  const pay = { namespace: 'pay' };
  t.equal(fateOf(tcpRoute('r', [{ name: 'db', port: 5432 }], refs, pay)), 'shop/db: consumer-route UnsupportedValue');
  t.equal(
    fateOf(tlsRoute('r', ['a.example'], [{ name: 'db', port: 5432 }], refs, pay)),
    'shop/db: consumer-route UnsupportedValue',
  );
});

t.test('each kind attaches to ports that can carry it', async (t) => {
  t.equal(fateOf(grpcRoute('r', [{}])), 'shop/orders: ports 80 81');
  t.equal(fateOf(grpcRoute('r', [{}], { parentRefs: [parent('db')] })), 'shop/db: not-carried NoMatchingParent');
  const backends = [{ name: 'db', port: 5432 }];
  t.equal(fateOf(tcpRoute('r', backends)), 'shop/orders: ports 80 81 82', 'everything is bytes');
  t.equal(fateOf(tlsRoute('r', ['a.example'], backends)), 'shop/orders: ports 80 82', 'gRPC is no TLS');
});

t.test('of several kinds on one port one applies: GRPCRoute, HTTPRoute, TLSRoute, TCPRoute', async (t) => {
  const at = (port: number): Manifest => ({ parentRefs: [parent('orders', { port })] });
  const backends = [{ name: 'orders', port: 80 }];
  const kinds: readonly ((port: number) => Manifest)[] = [
    (port) => grpcRoute('g', [{}], at(port)),
    (port) => route('h', [{}], at(port)),
    (port) => tlsRoute('s', ['a.example'], backends, at(port)),
    (port) => tcpRoute('t', backends, at(port)),
  ];
  for (const [i, winner] of kinds.entries()) {
    for (const loser of kinds.slice(i + 1)) {
      t.equal(fateOf(loser(80), winner(80)), 'shop/orders:80: kind-conflict Conflicted');
      t.equal(fateOf(winner(80), loser(80)), 'shop/orders:80: ports 80');
      t.match(fateOf(loser(82), winner(80)), /ports 82|not-carried/, 'another port is no conflict');
    }
  }
  const elsewhere = grpcRoute(
    'g',
    [{}],
    { parentRefs: [parent('orders', { namespace: 'shop' })] },
    { namespace: 'pay' },
  );
  t.equal(fateOf(route('h', [{}], at(80)), elsewhere), 'shop/orders:80: ports 80', 'nor is another namespace');
});
