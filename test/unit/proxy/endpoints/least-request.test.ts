import t from 'tap';
import type { Endpoint } from '../../../../src/proxy/endpoints/endpoint.ts';
import { NO_KEY } from '../../../../src/proxy/endpoints/pick-context.ts';
import { at, cluster, never, places, seeded, shares } from './support/seeded.ts';

t.test('it prefers the idle one of two, and never the busier of a pair', async (t) => {
  const c = cluster('LeastRequest', [1, 1]);
  c.endpoints[0].endpoint.active = 3;
  t.same([...new Set(places(c, 200, seeded(1)))], [1]);
});

t.test('it is fair among equally busy endpoints', async (t) => {
  for (const share of shares(places(cluster('LeastRequest', [1, 1, 1, 1]), 40_000, seeded(2)), 4))
    t.ok(Math.abs(share - 0.25) < 0.01, String(share));
});

t.test('unequal weights: a smooth round robin of weight / (in flight + 1)', async (t) => {
  const c = cluster('LeastRequest', [3, 1]);
  t.same(shares(places(c, 400, never), 2), [0.75, 0.25], 'idle, as the weights say');
  c.endpoints[0].endpoint.active = 2;
  t.same(shares(places(c, 400, never), 2), [0.5, 0.5], '3 / 3 against 1 / 1');
  c.endpoints[1].endpoint.active = 3;
  t.same(shares(places(c, 400, never), 2), [0.8, 0.2], '3 / 3 against 1 / 4');
});

for (const weights of [
  [1, 1, 1, 1, 1],
  [2, 1, 1, 1, 1],
]) {
  t.test(`kept busy, it holds the load even: ${weights}`, async (t) => {
    const c = cluster('LeastRequest', weights);
    const random = seeded(5);
    const active: Endpoint[] = [];
    for (let i = 0; i < 20_000; i++) {
      const endpoint = c.pick(at(random), NO_KEY, []);
      if (endpoint === null) throw new Error('no endpoint');
      endpoint.active++;
      active.push(endpoint);
      const done = active.length > 50 ? active.splice(Math.floor(random() * active.length), 1)[0] : null;
      if (done !== null) done.active--;
    }
    const loads = c.endpoints.map((e) => e.endpoint.active);
    const light = loads.slice(1);
    t.ok(Math.max(...light) - Math.min(...light) <= 8, String(loads));
  });
}
