import t from 'tap';
import { ConsistentHash } from '../../../../src/proxy/endpoints/consistent-hash.ts';
import { mix } from '../../../../src/proxy/endpoints/hash-bytes.ts';
import { endpoints } from './support/seeded.ts';

const KEYS = Array.from({ length: 20_000 }, (_, i) => mix(i * 7919));
const ones = (n: number): number[] => new Array<number>(n).fill(1);
const NOBODY = new Set<never>();

for (const count of [2, 3, 10]) {
  t.test(`while one of ${count} must not be used, exactly its keys go elsewhere, and spread`, async (t) => {
    const all = endpoints(count);
    const hash = new ConsistentHash(all, ones(count));
    const before = KEYS.map((key) => hash.find(key, NOBODY, []));
    const after = KEYS.map((key) => hash.find(key, new Set([all[0]]), []));
    const moved = KEYS.filter((_, i) => before[i] !== after[i]);
    t.ok(moved.length > 0);
    t.ok(
      before.every((e, i) => e === all[0] || e === after[i]),
      'the keys of others stay',
    );
    t.notOk(after.includes(all[0]));
    const shares = all
      .slice(1)
      .map((e) => after.filter((a, i) => a === e && before[i] === all[0]).length / moved.length);
    for (const share of shares) t.ok(Math.abs(share - 1 / (count - 1)) < 0.06, String(shares));
    t.same(
      KEYS.map((key) => hash.find(key, NOBODY, [all[0]])),
      after,
      'one that failed is passed over in the same way',
    );
  });
}

t.test('there is an answer while one is left', async (t) => {
  const all = endpoints(30);
  const hash = new ConsistentHash(all, ones(30));
  for (const key of KEYS.slice(0, 500)) t.equal(hash.find(key, new Set(all.slice(0, 29)), []), all[29]);
  t.equal(hash.find(1, new Set(all), []), null);
  t.equal(hash.find(1, new Set(all.slice(1)), [all[0]]), null);
  t.equal(new ConsistentHash([], []).find(1, NOBODY, []), null);
});

t.test('its table serves for the same endpoints and weights only', async (t) => {
  const all = endpoints(3);
  const hash = new ConsistentHash(all, [1, 2, 3]);
  t.ok(hash.isFor([...all], Float64Array.of(1, 2, 3)));
  t.notOk(hash.isFor(all, [1, 2, 4]));
  t.notOk(hash.isFor(all.slice(1), [2, 3]));
  t.notOk(hash.isFor(endpoints(3), [1, 2, 3]));
});
