import t from 'tap';
import { affectedServices, applyGroup } from '../../../../src/resources/index.ts';
import {
  decode,
  endpoint,
  endpointsOf,
  indexOf,
  type Manifest,
  peerAuthentication,
  service,
  tlsPolicy,
  viewOf,
  workload,
  workloadGroup,
} from '../world.ts';

const ORDERS = service('orders', {
  ports: [
    { name: 'http', port: 80, targetPort: 8080 },
    { name: 'b', port: 81 },
  ],
});
const HELD = 'spiffe://example.org/ns/shop/sa/orders';

/** Port -> identities of its endpoints. */
function identities(manifests: Manifest[], ...endpoints: ReturnType<typeof endpoint>[]): (string | undefined)[][] {
  const { clusters } = viewOf([ORDERS, ...manifests], endpointsOf(...endpoints));
  return Object.values(clusters).map((cluster) => cluster.endpoints.map(({ identity }) => identity));
}

t.test('an endpoint has an identity when its host holds one', async (t) => {
  t.same(identities([], endpoint('w')), [[undefined], [undefined]]);
  t.same(identities([], endpoint('w', { identity: HELD })), [[HELD], [HELD]]);
  t.same(identities([], endpoint('w', { identity: 'rubbish' })), [[undefined], [undefined]]);
});

t.test('the registry says which: the group before the host, and never another namespace', async (t) => {
  const other = 'spiffe://example.org/ns/lab/sa/orders';
  t.same(identities([], endpoint('w', { identity: other }))[0], ['spiffe://example.org/ns/shop/sa/default']);
  const group = indexOf(workloadGroup('g', { template: { serviceAccount: 'seller' } })).workloadGroup('shop/g');
  const grouped = applyGroup(endpoint('w', { identity: HELD, group: 'g' }), group);
  t.same(identities([], grouped)[0], ['spiffe://example.org/ns/shop/sa/seller']);
});

t.test('DISABLE, of the workload or of one of its ports, means without mutual TLS', async (t) => {
  const held = endpoint('w', { identity: HELD });
  const selector = { matchLabels: { app: 'orders' } };
  t.same(identities([peerAuthentication('p', { mtls: { mode: 'DISABLE' } })], held), [[undefined], [undefined]]);
  t.same(identities([peerAuthentication('p', { mtls: { mode: 'STRICT' } })], held), [[HELD], [HELD]]);
  const port = peerAuthentication('p', { selector, portLevelMtls: { 8080: { mode: 'DISABLE' } } });
  t.same(identities([port], held), [[undefined], [HELD]]);
});

t.test('a service with TLS of its own keeps to it', async (t) => {
  t.same(identities([tlsPolicy('t', 'orders')], endpoint('w', { identity: HELD })), [[undefined], [undefined]]);
});

t.test('a written workload has an identity where an agent registered one at its address', async (t) => {
  const entry = workload('e', { address: '10.0.9.9', labels: { app: 'orders' }, serviceAccount: 'written' });
  const there = endpoint('other', { address: '10.0.9.9', labels: {}, identity: HELD });
  t.same(identities([entry])[0], [undefined]);
  t.same(identities([entry], there)[0], ['spiffe://example.org/ns/shop/sa/written']);
  const index = indexOf(ORDERS, entry);
  t.same(affectedServices(index, { type: 'endpoint', before: null, after: there }), ['shop/orders']);
  const { identity: _, ...without } = there;
  t.same(affectedServices(index, { type: 'endpoint', before: without, after: there }), ['shop/orders']);
  t.same(affectedServices(index, { type: 'endpoint', before: there, after: there }), []);
});

t.test('a PeerAuthentication touches the services of its namespace, one of the root namespace all', async (t) => {
  const index = indexOf(ORDERS, service('cart', {}, { namespace: 'lab' }));
  const touched = (namespace: string) =>
    affectedServices(index, {
      type: 'resource',
      before: null,
      after: decode(peerAuthentication('p', {}, { namespace })),
    });
  t.same(touched('shop'), ['shop/orders']);
  t.same(touched('istio-system'), ['lab/cart', 'shop/orders']);
});

t.test('two workloads of one host hold each their own', async (t) => {
  const index = endpointsOf(endpoint('a', { identity: HELD }), endpoint('b'));
  t.equal(index.trustDomainAt('10.0.1.1'), 'example.org');
  index.delete('h1', 'shop/b');
  t.equal(index.trustDomainAt('10.0.1.1'), 'example.org');
  index.delete('h1', 'shop/a');
  t.equal(index.trustDomainAt('10.0.1.1'), null);
});
