import t from 'tap';
import { drawByWeight, without } from '../../../../src/proxy/endpoints/pool.ts';
import { pool } from './support/seeded.ts';

t.test('a draw falls where the weights say', async (t) => {
  const p = pool([1, 2, 1]);
  for (const [luck, place] of [
    [0, 0],
    [0.24, 0],
    [0.25, 1],
    [0.74, 1],
    [0.75, 2],
    [0.9999999, 2],
  ])
    t.equal(drawByWeight(p, luck), p.endpoints[place], String(luck));
  const equal = pool([3, 3]);
  t.equal(drawByWeight(equal, 0.49), equal.endpoints[0]);
  t.equal(drawByWeight(equal, 0.5), equal.endpoints[1]);
});

t.test('a pool without some of its endpoints', async (t) => {
  const p = pool([5, 1, 1]);
  t.notOk(p.equalWeights);
  const rest = without(p, [p.endpoints[0]]);
  t.same(rest?.endpoints, p.endpoints.slice(1));
  t.equal(rest?.totalWeight, 2);
  t.ok(rest?.equalWeights);
  t.equal(without(p, p.endpoints), null);
});
