import t from 'tap';
import { ResourceIndex, touchedNamespace } from '../../../src/resources/index.ts';
import { authorizationPolicy, decode, endpoint, indexOf, peerAuthentication, service } from './world.ts';

t.test('a policy for what arrives touches its namespace, one of the root namespace the mesh', async (t) => {
  const index = new ResourceIndex();
  const policy = decode(peerAuthentication('p', {}));
  const root = decode(peerAuthentication('p', {}, { namespace: 'istio-system' }));
  t.equal(touchedNamespace(index, { type: 'resource', before: null, after: policy }), 'shop');
  t.equal(touchedNamespace(index, { type: 'resource', before: policy, after: null }), 'shop');
  t.equal(touchedNamespace(index, { type: 'resource', before: null, after: root }), null);
  t.equal(touchedNamespace(index, { type: 'resource', before: null, after: decode(service('s')) }), undefined);
  t.equal(touchedNamespace(index, { type: 'endpoint', before: null, after: endpoint('w') }), undefined);
});

t.test('a Service touches its namespace when a policy is for the workloads behind it', async (t) => {
  const target = { targetRefs: [{ group: '', kind: 'Service', name: 's' }], rules: [{}] };
  const index = indexOf(service('s'), authorizationPolicy('p', target));
  const change = (name: string) => ({ type: 'resource', before: null, after: decode(service(name)) }) as const;
  t.equal(touchedNamespace(index, change('s')), 'shop');
  t.equal(touchedNamespace(index, change('other')), undefined);
});
