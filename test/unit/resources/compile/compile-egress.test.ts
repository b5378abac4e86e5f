import t from 'tap';
import { analyzeResources, compileEgress, conditionsOf, touchesEgress } from '../../../../src/resources/index.ts';
import { decode, indexOf, service, sidecar } from '../world.ts';

const registryOnly = { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } };

t.test('each namespace has the mode of its Sidecar; who says nothing may dial anything', async (t) => {
  t.equal(compileEgress(indexOf()), undefined);
  t.equal(compileEgress(indexOf(sidecar({}), sidecar({ outboundTrafficPolicy: { mode: 'ALLOW_ANY' } }))), undefined);
  const index = indexOf(
    sidecar(registryOnly),
    sidecar(registryOnly, { namespace: 'pay' }),
    sidecar({ outboundTrafficPolicy: { mode: 'ALLOW_ANY' } }, { namespace: 'lab' }),
  );
  t.same(JSON.stringify(compileEgress(index)), '{"pay":{"mode":"REGISTRY_ONLY"},"shop":{"mode":"REGISTRY_ONLY"}}');
  index.delete('Sidecar.shop.default');
  index.delete('Sidecar.pay.default');
  t.equal(compileEgress(index), undefined);
});

t.test('a Sidecar is accepted, and its hosts are told to have no effect', async (t) => {
  const index = indexOf(sidecar({ ...registryOnly, egress: [{ hosts: ['*/*'] }, { hosts: ['./*'] }] }));
  t.match(conditionsOf(index, 'Sidecar.shop.default'), [{ type: 'Accepted', status: 'True' }]);
  t.match(analyzeResources(index), [{ level: 'info', code: 'TWP1123', path: /spec\.egress\[1\]\.hosts$/ }]);
});

t.test('only changes of Sidecars touch what may be dialled', async (t) => {
  const after = decode(sidecar({}));
  t.equal(touchesEgress({ type: 'resource', before: null, after }), true);
  t.equal(touchesEgress({ type: 'resource', before: after, after: null }), true);
  t.equal(touchesEgress({ type: 'resource', before: null, after: decode(service('a')) }), false);
  t.equal(touchesEgress({ type: 'endpoint', before: null, after: null }), false);
});
