import t from 'tap';
import { HostWorkloads } from '../../../src/control/host-workloads.ts';
import type { RegisteredEndpoint } from '../../../src/resources/index.ts';

const workload = (host: string, name: string, namespace = 'shop'): RegisteredEndpoint => {
  return { host, namespace, name, labels: {}, address: '10.0.0.1', ports: {}, weight: 1, healthy: true };
};
const names = (found: RegisteredEndpoint[] | null) => found?.map(({ name }) => name) ?? null;

t.test('nothing is known of a host until all workloads that its lease names are registered', async (t) => {
  const hosts = new HostWorkloads();
  hosts.put(workload('a', 'orders'));
  t.equal(hosts.of('a'), null, 'no lease');
  t.equal(hosts.expect('a', null), false);
  t.equal(hosts.of('a'), null, 'the host does not know yet');
  t.equal(hosts.expect('a', ['shop.orders', 'shop.web']), true);
  t.equal(hosts.of('a'), null, 'one is missing');
  hosts.put(workload('a', 'web'));
  t.strictSame(names(hosts.of('a')), ['orders', 'web']);
  t.equal(hosts.expect('a', ['shop.orders', 'shop.web']), false, 'nothing new');
});

t.test('a workload is dropped when the lease names it no more, and by nothing else', async (t) => {
  const hosts = new HostWorkloads();
  for (const name of ['orders', 'web']) hosts.put(workload('a', name));
  hosts.expect('a', ['shop.orders', 'shop.web']);
  t.equal(hosts.expect('a', ['shop.web']), true);
  t.strictSame(names(hosts.of('a')), ['web']);
  hosts.expect('a', ['shop.orders', 'shop.web']);
  t.equal(hosts.of('a'), null, 'it must register again');
});

t.test('the same workload again is nothing new', async (t) => {
  const hosts = new HostWorkloads();
  t.equal(hosts.put(workload('a', 'orders')), true);
  t.equal(hosts.put(workload('a', 'orders')), false);
  t.equal(hosts.put({ ...workload('a', 'orders'), labels: { app: 'orders' } }), true);
  t.equal(hosts.put(workload('b', 'orders')), true);
  hosts.forget('a');
  t.equal(hosts.put(workload('a', 'orders')), true, 'it was forgotten');
  hosts.expect('a', ['shop.web']);
  t.equal(hosts.put(workload('a', 'orders')), true, 'it was dropped');
});

t.test('a forgotten host is one whose view goes, until it comes back', async (t) => {
  const hosts = new HostWorkloads();
  hosts.put(workload('a', 'orders'));
  hosts.expect('a', ['shop.orders']);
  t.equal(hosts.isForgotten('a'), false);
  hosts.forget('a');
  t.equal(hosts.isForgotten('a'), true);
  t.equal(hosts.of('a'), null);
  hosts.put(workload('a', 'orders'));
  t.equal(hosts.isForgotten('a'), false);
});

t.test('hosts by namespace', async (t) => {
  const hosts = new HostWorkloads();
  hosts.put(workload('a', 'orders'));
  hosts.put(workload('b', 'pay', 'bank'));
  hosts.put(workload('c', 'orders'));
  t.strictSame(hosts.hostsIn('shop'), ['a', 'c']);
  t.strictSame(hosts.hostsIn('none'), []);
  t.strictSame(hosts.hostsIn(null), ['a', 'b', 'c']);
});
