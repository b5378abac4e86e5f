import t from 'tap';
import { hashKey, MAX_LOCAL_BUCKETS, SharedBuckets } from '../../../../src/proxy/limits/shared-buckets.ts';

const LIMIT = { requests: 3, windowMs: 1_000 };

t.test('threads that share the memory share the limit', async (t) => {
  const memory = SharedBuckets.sharedMemory();
  const threads = [new SharedBuckets(memory), new SharedBuckets(memory)];
  const hash = hashKey(1, 'rule', 'caller');
  const taken = [0, 1, 0, 1, 0].map((i) => threads[i]?.take(hash, LIMIT, 10, 0));
  t.same(taken, [true, true, true, false, false]);
  t.equal(threads[0]?.endsAt, 1_010);
  t.equal(threads[0]?.take(hashKey(1, 'rule', 'another'), LIMIT, 10, 0), true, 'each key has a bucket of its own');
  const [first] = threads;
  first?.take(hash, LIMIT, 2_000, 0);
  first?.giveBack(first.place, first.endsAt);
  t.same(
    [1, 2, 3, 4].map(() => first?.take(hash, LIMIT, 2_001, 0)),
    [true, true, true, false],
    'what was given back counts no more',
  );
});

t.test('many keys: the number of buckets is bounded, and busy ones are kept while others are over', async (t) => {
  const buckets = new SharedBuckets(SharedBuckets.sharedMemory());
  const busy = hashKey(7, 'rule', 'busy');
  for (let i = 0; i < 3; i++) buckets.take(busy, { requests: 3, windowMs: 3_600_000 }, 0, 0);
  for (let i = 0; i < 4 * MAX_LOCAL_BUCKETS; i++) buckets.take(hashKey(7, 'rule', `k${i}`), LIMIT, i, 0);
  t.equal(buckets.take(busy, { requests: 3, windowMs: 3_600_000 }, 100_000, 0), false);
});

t.test('hashes differ by seed, rule and key, and where one ends', async (t) => {
  const hashes = [
    hashKey(1, 'a', 'b'),
    hashKey(2, 'a', 'b'),
    hashKey(1, 'b', 'a'),
    hashKey(1, 'ab', ''),
    hashKey(1, '', 'ab'),
    hashKey(1, 'a', 'b\0'),
  ];
  t.equal(new Set(hashes).size, hashes.length);
});
