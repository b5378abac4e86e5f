import t from 'tap';
import { applyGroup, groupKeyOf } from '../../../src/resources/index.ts';
import { endpoint, indexOf, workloadGroup } from './world.ts';

const index = indexOf(
  workloadGroup('cart', {
    metadata: { labels: { app: 'cart', version: 'v1' } },
    template: {
      labels: { tier: 'web', app: 'template' },
      ports: { http: 8080, admin: 9000 },
      weight: 3,
      locality: 'eu/a',
    },
  }),
);
const group = index.workloadGroup('shop/cart');

t.test('a group adds what the agent did not say', async (t) => {
  const plain = endpoint('w', { labels: {}, group: 'cart' });
  const { labels, ports, weight, locality } = applyGroup(plain, group);
  t.same(
    { labels, ports, weight, locality },
    {
      labels: { app: 'cart', version: 'v1', tier: 'web' },
      ports: { http: 8080, admin: 9000 },
      weight: 3,
      locality: 'eu/a',
    },
  );
  const own = { labels: { version: 'v2' }, ports: { http: 81 }, weight: 7, locality: 'us' };
  const said = applyGroup(endpoint('w', { ...own, group: 'cart' }), group);
  t.same(
    [said.labels, said.ports, said.weight, said.locality],
    [{ app: 'cart', version: 'v2', tier: 'web' }, { http: 81, admin: 9000 }, 7, 'us'],
  );
  t.same(applyGroup(plain, undefined), plain, 'a group that is not there changes nothing');
});

t.test('groups are those of the namespace of the workload', async (t) => {
  t.equal(groupKeyOf(endpoint('w', { group: 'cart', namespace: 'pay' })), 'pay/cart');
  t.equal(groupKeyOf(endpoint('w')), null);
});
