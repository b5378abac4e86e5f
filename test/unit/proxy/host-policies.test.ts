import t from 'tap';
import { HostPolicies } from '../../../src/proxy/host-policies.ts';
import { exampleVersion } from '../../helpers/example-views.ts';

t.test('the newest view of the host counts; an older one never steps back', async (t) => {
  const policies = new HostPolicies();
  const orders = { namespace: 'shop', name: 'orders' };
  t.equal(policies.of('shop/orders'), null);
  t.equal(policies.set({ version: exampleVersion(2), workloads: [orders] }), true);
  t.same(policies.of('shop/orders'), orders);
  t.equal(policies.of('shop/web'), null);
  t.equal(policies.set({ version: exampleVersion(1), workloads: [] }), false);
  t.same(policies.of('shop/orders'), orders);
  t.equal(policies.set({ version: exampleVersion(1, 2), workloads: [] }), true, 'a higher epoch is newer');
  t.equal(policies.of('shop/orders'), null);
});
