import t from 'tap';
import { touchedNamespace } from '../../../src/resources/index.ts';
import { decode, endpoint, peerAuthentication, service } from './world.ts';

t.test('a policy for what arrives touches its namespace, one of the root namespace the mesh', async (t) => {
  const policy = decode(peerAuthentication('p', {}));
  const root = decode(peerAuthentication('p', {}, { namespace: 'istio-system' }));
  t.equal(touchedNamespace({ type: 'resource', before: null, after: policy }), 'shop');
  t.equal(touchedNamespace({ type: 'resource', before: policy, after: null }), 'shop');
  t.equal(touchedNamespace({ type: 'resource', before: null, after: root }), null);
  t.equal(touchedNamespace({ type: 'resource', before: null, after: decode(service('s')) }), undefined);
  t.equal(touchedNamespace({ type: 'endpoint', before: null, after: endpoint('w') }), undefined);
});
