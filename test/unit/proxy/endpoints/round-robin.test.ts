import t from 'tap';
import { cluster, never, places, shares } from './support/seeded.ts';

t.test('equal endpoints come in turn', async (t) => {
  t.same(places(cluster('RoundRobin', [1, 1, 1]), 7, never), [0, 1, 2, 0, 1, 2, 0]);
  t.same(places(cluster('RoundRobin', [4, 4]), 4, never), [0, 1, 0, 1]);
});

t.test('weighted round robin is exact in every period, and smooth', async (t) => {
  t.same(places(cluster('RoundRobin', [5, 1, 1]), 7, never), [0, 0, 1, 0, 2, 0, 0]);
  const c = cluster('RoundRobin', [7, 2, 1]);
  for (let period = 0; period < 5; period++) t.same(shares(places(c, 10, never), 3), [0.7, 0.2, 0.1]);
});
