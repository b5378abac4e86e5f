import t from 'tap';
import { attachParent, parentTitle } from '../../../src/resources/attach-parent.ts';
import { decode, indexOf, type Manifest, parent, route, service } from './world.ts';

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
  const manifest = route('r', [{}], { parentRefs: [parentRef] }, { namespace });
  const resource = decode(manifest);
  if (resource.kind !== 'HTTPRoute') throw new Error('not a route');
  const [ref] = resource.spec.parentRefs;
  if (ref === undefined) throw new Error('no parentRef');
  const state = attachParent(indexOf(...services, manifest), resource, ref);
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
  t.equal(fate(parent('orders', { port: 82 })), 'shop/orders:82: not-http NoMatchingParent');
  t.equal(fate(parent('db')), 'shop/db: not-http NoMatchingParent');
  t.equal(fate(parent('orders', { namespace: 'shop' }), 'pay'), 'shop/orders: consumer-route UnsupportedValue');
  t.equal(fate(parent('orders', { namespace: 'nowhere' })), 'nowhere/orders: not-found NoMatchingParent');
});
