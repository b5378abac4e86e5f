import t from 'tap';
import { cluster, places, seeded, shares } from './support/seeded.ts';

for (const weights of [
  [1, 1, 1, 1],
  [5, 3, 2],
  [1, 99],
]) {
  t.test(`shares follow the weights ${weights}`, async (t) => {
    const total = weights.reduce((a, b) => a + b);
    const got = shares(places(cluster('Random', weights), 50_000, seeded(7)), weights.length);
    for (const [i, share] of got.entries()) t.ok(Math.abs(share - weights[i] / total) < 0.01, `${i}: ${share}`);
  });
}
