import t from 'tap';
import { analyzeResources, conditionsOf } from '../../../src/resources/index.ts';
import { configMap, endpoint, endpointsOf, indexOf, peerAuthentication, service, tlsPolicy } from './world.ts';

const STRICT = { mtls: { mode: 'STRICT' } };
const SELECTED = { selector: { matchLabels: { app: 'orders' } }, ...STRICT };

t.test('the younger of two for the same workloads is said to be without effect', async (t) => {
  const index = indexOf(peerAuthentication('b', STRICT), peerAuthentication('a', STRICT));
  const [finding, ...others] = analyzeResources(index);
  t.match(finding, { level: 'warning', code: 'TWP1105', path: 'PeerAuthentication shop/a: metadata.name' });
  t.same(others, []);
  t.match(conditionsOf(index, 'PeerAuthentication.shop.b'), [{ type: 'Accepted', status: 'True' }]);
  t.match(conditionsOf(index, 'PeerAuthentication.shop.a'), [
    { type: 'Accepted', status: 'False', reason: 'Conflicted', message: /^PeerAuthentication shop\/b, older/ },
  ]);
});

t.test('selectors that select nobody', async (t) => {
  const root = indexOf(peerAuthentication('m', SELECTED, { namespace: 'istio-system' }));
  t.match(analyzeResources(root), [{ code: 'TWP1130', path: /spec\.selector$/ }]);
  const index = indexOf(peerAuthentication('p', SELECTED));
  t.same(analyzeResources(index, null), []);
  t.match(analyzeResources(index, endpointsOf()), [{ level: 'warning', code: 'TWP0127' }]);
  t.same(analyzeResources(index, endpointsOf(endpoint('w'))), []);
});

t.test('TLS of its own towards a workload that accepts the mesh alone', async (t) => {
  const authority = configMap('authority', {});
  const world = [service('orders'), authority, tlsPolicy('own', 'orders')];
  const found = (...more: ReturnType<typeof peerAuthentication>[]) =>
    analyzeResources(indexOf(...world, ...more), endpointsOf(endpoint('w'))).filter(({ code }) => code === 'TWP0113');
  t.same(found(), []);
  t.match(found(peerAuthentication('p', STRICT)), [
    { level: 'error', message: /which PeerAuthentication shop\/p \(STRICT\) refuses at w:8080/ },
  ]);
  const port = { ...SELECTED, portLevelMtls: { 8080: { mode: 'PERMISSIVE' } } };
  t.same(found(peerAuthentication('p', port)), []);
});
