import t from 'tap';
import type { LoadBalancer } from '../../../../src/contract/views.ts';
import { Cluster } from '../../../../src/proxy/endpoints/cluster.ts';
import { NO_KEY } from '../../../../src/proxy/endpoints/pick-context.ts';
import { address } from '../../../helpers/proxy-rig.ts';
import { at, cluster, never, places, seeded } from './support/seeded.ts';

const ALL: readonly LoadBalancer[] = ['RoundRobin', 'LeastRequest', 'Random', 'PeakEWMA', 'ConsistentHash'];
const bySource = { hash: { type: 'SourceIP' } } as const;

t.test('endpoints that failed are avoided while another is left', async (t) => {
  for (const balancer of ALL) {
    const c = cluster(balancer, [1, 1, 1], bySource);
    const [a, b, last] = c.endpoints.map((e) => e.endpoint);
    for (let i = 0; i < 20; i++) {
      t.equal(c.pick(at(seeded(i)), NO_KEY, [a, b]), last);
      t.equal(c.pick(at(seeded(i)), i * 1000, [a, b]), last);
    }
    t.ok(c.pick(at(seeded(1)), NO_KEY, [a, b, last]), 'with none left, any of them');
  }
});

t.test('one endpoint is always picked, none gives null', async (t) => {
  for (const balancer of ALL) {
    t.same(places(cluster(balancer, [9], bySource), 3, never), [0, 0, 0]);
    t.equal(cluster(balancer, [], bySource).pick(at(never), NO_KEY, []), null);
  }
});

t.test('a new view goes on where the old one was', async (t) => {
  const first = cluster('RoundRobin', [1, 1, 1]);
  t.same(places(first, 2, never), [0, 1]);
  const second = new Cluster(first.key, first.settings, first.endpoints, first);
  t.same(places(second, 3, never), [2, 0, 1]);
});

t.test('a key leads to one endpoint, whatever the luck; without one any will do', async (t) => {
  const c = cluster('ConsistentHash', [1, 1, 1, 1], bySource);
  const client = address('192.0.2.7', 999);
  const key = c.keyOfConnection(client);
  t.equal(key, c.keyOfConnection(address('192.0.2.7', 1)), 'the port does not count');
  const picked = new Set(Array.from({ length: 50 }, (_, i) => c.pick(at(seeded(i)), key, [])));
  t.equal(picked.size, 1);
  t.equal(new Set(places(c, 200, seeded(3))).size, 4);
  t.equal(c.keyOfConnection(null), NO_KEY);
  t.equal(cluster('LeastRequest', [1, 1], bySource).keyOfConnection(client), NO_KEY, 'another balancer takes no keys');
});

t.test('keys of clients spread over the endpoints, in proportion to weights', async (t) => {
  const c = cluster('ConsistentHash', [3, 1], bySource);
  let heavy = 0;
  for (let i = 0; i < 4000; i++) {
    const key = c.keyOfConnection(address(`10.${i >> 8}.${i & 255}.1`, 5));
    if (c.pick(at(never), key, []) === c.endpoints[0].endpoint) heavy++;
  }
  t.ok(Math.abs(heavy / 4000 - 0.75) < 0.03, String(heavy));
});
