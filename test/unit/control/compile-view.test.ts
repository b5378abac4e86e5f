import t from 'tap';
import { compileView } from '../../../src/control/compile-view.ts';
import { MeshState } from '../../../src/control/mesh-state.ts';
import { decodeResources } from '../../../src/resources/index.ts';

const state = new MeshState(() => {});
const decoded = decodeResources(
  '{apiVersion: v1, kind: Service, metadata: {name: orders, namespace: shop}, spec: {ports: [{port: 80}]}}',
  '',
);
if (!decoded.ok) throw new Error(decoded.error[0]?.message);
for (const resource of decoded.value)
  state.putResource({ resource, generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' }, 1);
const workload = { namespace: 'shop', name: 'orders', labels: {}, address: '10.0.0.1', ports: {}, weight: 1 };

t.test('services', async (t) => {
  t.match(compileView(state, 'svc.shop.orders', false), { type: 'write', body: { name: 'orders' } });
  t.match(compileView(state, 'svc.shop.none', true), { type: 'remove' });
  t.match(compileView(state, 'something.else', true), { type: 'leave' });
});

t.test('hosts: what is not known whole is left as it is', async (t) => {
  t.match(compileView(state, 'host.h', true), { type: 'leave' }, 'never heard of it');
  state.noteWorkload({ ...workload, host: 'h', healthy: true });
  state.noteLease('h', ['shop.orders', 'shop.web']);
  t.match(compileView(state, 'host.h', true), { type: 'leave' }, 'a workload is missing');
  state.noteLease('h', ['shop.orders']);
  t.match(compileView(state, 'host.h', false), { type: 'leave' }, 'there is nothing to say');
  t.match(compileView(state, 'host.h', true), { type: 'write', body: { workloads: [] } }, 'what was said is over');
  state.forgetHost('h');
  t.match(compileView(state, 'host.h', true), { type: 'remove' });
});
