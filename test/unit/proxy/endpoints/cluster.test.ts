import t from 'tap';
import { Cluster } from '../../../../src/proxy/endpoints/cluster.ts';
import { Endpoint } from '../../../../src/proxy/endpoints/endpoint.ts';
import { NO_KEY, type PickContext } from '../../../../src/proxy/endpoints/pick-context.ts';
import { address } from '../../../helpers/proxy-rig.ts';

/** mulberry32: the same draws in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

function cluster(loadBalancer: 'RoundRobin' | 'LeastRequest', weights: readonly number[], turn = 0): Cluster {
  const endpoints = weights.map((weight, i) => ({ endpoint: new Endpoint(address('10.0.0.1', i + 1), 0), weight }));
  return new Cluster('shop/orders:80', 'shop/orders', 'auto', loadBalancer, endpoints, turn);
}

const at = (random: () => number): PickContext => ({ random, reactor: { now: 0 } });
const never = (): number => {
  throw new Error('round robin needs no luck');
};
const places = (c: Cluster, n: number, random = never): number[] =>
  Array.from({ length: n }, () => {
    const picked = c.pick(at(random), NO_KEY, []);
    return c.endpoints.findIndex((e) => e.endpoint === picked);
  });

t.test('round robin takes equal endpoints in turn, and a new view goes on where the old one was', async (t) => {
  const c = cluster('RoundRobin', [1, 1, 1]);
  t.same(places(c, 7), [1, 2, 0, 1, 2, 0, 1]);
  t.same(places(cluster('RoundRobin', [1, 1, 1], c.turn), 3), [2, 0, 1]);
});

t.test('weighted round robin is exact in every period, and smooth', async (t) => {
  t.same(places(cluster('RoundRobin', [5, 1, 1]), 7), [0, 0, 1, 0, 2, 0, 0]);
  const c = cluster('RoundRobin', [7, 2, 1]);
  for (let period = 0; period < 5; period++) {
    const picked = places(c, 10);
    t.same(
      [0, 1, 2].map((i) => picked.filter((p) => p === i).length),
      [7, 2, 1],
    );
  }
});

t.test('least request prefers the idle one of two, and never the busier of a pair', async (t) => {
  const c = cluster('LeastRequest', [1, 1]);
  c.endpoints[0].endpoint.active = 3;
  t.same([...new Set(places(c, 200, seeded(1)))], [1]);
});

t.test('least request is fair among equally busy endpoints', async (t) => {
  const c = cluster('LeastRequest', [1, 1, 1, 1]);
  const picked = places(c, 40_000, seeded(2));
  for (let i = 0; i < 4; i++) {
    const share = picked.filter((p) => p === i).length / picked.length;
    t.ok(Math.abs(share - 0.25) < 0.01, `endpoint ${i} got ${share}`);
  }
});

t.test('least request follows weights, and load in proportion to weight', async (t) => {
  const c = cluster('LeastRequest', [3, 1]);
  const share = places(c, 40_000, seeded(3)).filter((p) => p === 0).length / 40_000;
  t.ok(share > 0.7, `the heavier one got ${share}`);
  c.endpoints[0].endpoint.active = 30;
  const busy = places(c, 10_000, seeded(4)).filter((p) => p === 0).length / 10_000;
  t.ok(busy < 0.6, `and ${busy} once it was busy`);
});

t.test('kept busy, least request holds the load even', async (t) => {
  const c = cluster('LeastRequest', [1, 1, 1, 1, 1]);
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
  t.ok(Math.max(...loads) - Math.min(...loads) <= 4, String(loads));
});

t.test('endpoints that failed are avoided while another is left', async (t) => {
  for (const balancer of ['RoundRobin', 'LeastRequest'] as const) {
    const c = cluster(balancer, [1, 1, 1]);
    const [a, b, last] = c.endpoints.map((e) => e.endpoint);
    for (let i = 0; i < 20; i++) t.equal(c.pick(at(seeded(i)), NO_KEY, [a, b]), last);
    t.ok(c.pick(at(seeded(1)), NO_KEY, [a, b, last]), 'with none left, any of them');
  }
});

t.test('one endpoint is always picked, none gives null', async (t) => {
  t.same(places(cluster('LeastRequest', [9]), 3), [0, 0, 0]);
  t.equal(cluster('LeastRequest', []).pick(at(never), NO_KEY, []), null);
  t.equal(cluster('RoundRobin', []).pick(at(never), NO_KEY, []), null);
});
