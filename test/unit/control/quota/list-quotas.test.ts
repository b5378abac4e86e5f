import t from 'tap';
import type { QuotaRecord } from '../../../../src/contract/quota-messages.ts';
import { callersAt } from '../../../../src/control/quota/caller-addresses.ts';
import { rowOf } from '../../../../src/control/quota/list-quotas.ts';
import { policyKeyOf } from '../../../../src/control/quota/policy-limits.ts';
import { EndpointIndex } from '../../../../src/resources/index.ts';

const RECORD: QuotaRecord = {
  rule: 'shop/p/global/1@shop/orders',
  caller: 'shop/web',
  key: 'workload:shop/web',
  service: 'shop/orders',
  requests: 100,
  windowMs: 10_000,
  current: { start: 1_000, granted: 90, hosts: { h: { boot: 'b', seq: 1, last: 5, total: 90, left: 8 } } },
  next: { start: 11_000, granted: 10, hosts: {} },
  peers: 1,
  told: 80,
};

t.test('a row is the window that counts now', async (t) => {
  const fixed = { policy: 'shop/p', rule: '1', service: 'shop/orders', caller: 'shop/web', limit: 100 };
  t.match(rowOf(RECORD, 5_000), {
    ...fixed,
    used: 82,
    granted: 90,
    resetMs: 6_000,
    hosts: [{ host: 'h', granted: 90, left: 8 }],
  });
  t.match(rowOf(RECORD, 11_500), { ...fixed, used: 10, resetMs: 9_500, hosts: [] });
  t.match(rowOf(RECORD, 99_000), { ...fixed, used: 0, granted: 0, resetMs: 0 });
  t.match(rowOf(RECORD, 0), { used: 82, resetMs: 10_000 }, 'a window of another control, a little ahead of us');
});

t.test('ids of rules lead to their policy, and nothing else does', async (t) => {
  t.equal(policyKeyOf('shop/p.q-1/global/12@shop/orders'), 'BackendTrafficPolicy.shop.p.q-1');
  for (const id of [
    '',
    'shop/p/local/0@x',
    'shop/p/global/0',
    'a b/p/global/0@x',
    'shop/*/global/0@x',
    'x/shop/p/global/0@x',
  ])
    t.equal(policyKeyOf(id), null, id);
});

t.test('which workload is at an address: none where several are', async (t) => {
  const endpoints = new EndpointIndex();
  const add = (name: string, address: string, host: string, serviceAccount?: string): void => {
    const facts = { host, namespace: 'shop', name, labels: {}, address, ports: {}, weight: 1, healthy: true };
    endpoints.put(serviceAccount === undefined ? facts : { ...facts, serviceAccount });
  };
  add('web', '10.0.0.1', 'h1');
  add('web', '10.0.0.2', 'h2');
  add('cart', '10.0.0.2', 'h2');
  add('pay-vm1', '10.0.0.3', 'h3', 'pay');
  const written = [{ workload: 'shop/old', address: '10.0.0.4' }];
  const data = Buffer.from(JSON.stringify({ addresses: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'] }));
  t.same(callersAt({ endpoints, writtenEndpoints: () => written }, { data }).callers, {
    '10.0.0.1': 'shop/web',
    '10.0.0.3': 'shop/pay',
    '10.0.0.4': 'shop/old',
  });
  t.throws(() => callersAt({ endpoints, writtenEndpoints: () => [] }, { data: Buffer.from('{}') }));
});
