import t from 'tap';
import {
  compareGenerations,
  keysBehind,
  keysToRead,
  mergeMeta,
  overtake,
} from '../../../src/agent/control-generation.ts';
import type { ViewVersion } from '../../../src/contract/views.ts';

const version = (epoch: number, gen: number): ViewVersion => ({ epoch, gen, hash: '0123456789abcdef' });
const KEYS = ['dir.0', 'svc.a.b'];
const held = new Map([
  ['dir.0', version(1, 3)],
  ['svc.a.b', version(1, 5)],
]);
const meta = (gen: number, previousGen: number, keys: Record<string, number> | null, epoch = 1) => ({
  epoch,
  gen,
  previousGen,
  keys,
});

t.test('a higher epoch is newer whatever the gen, then a higher gen', async (t) => {
  t.ok(compareGenerations({ epoch: 2, gen: 0 }, { epoch: 1, gen: 99 }) > 0);
  t.ok(compareGenerations({ epoch: 1, gen: 1 }, { epoch: 1, gen: 2 }) < 0);
  t.equal(compareGenerations({ epoch: 1, gen: 1 }, { epoch: 1, gen: 1 }), 0);
});

t.test('what has to be read before a generation may be acknowledged', async (t) => {
  const settled = { epoch: 1, gen: 5 };
  for (const [what, m, s, expected] of [
    ['all arrived by message', meta(5, 4, { 'svc.a.b': 5 }), { epoch: 1, gen: 4 }, []],
    ['the change of a held service did not arrive', meta(6, 5, { 'svc.a.b': 6 }), settled, ['svc.a.b']],
    ['a service that is not held changed', meta(6, 5, { 'svc.x.y': 6 }), settled, []],
    ['a generation in between was missed', meta(7, 6, { 'svc.x.y': 7 }), settled, KEYS],
    ['too many changes to list', meta(6, 5, null), settled, KEYS],
    ['another epoch', meta(6, 5, {}, 2), settled, KEYS],
    ['nothing was settled yet', meta(6, 5, {}), null, KEYS],
    ['a key named like a member of every object', meta(6, 5, {}), settled, []],
  ] as const) {
    t.same(keysToRead(m, s, KEYS, held, new Map()), expected, what);
  }
  t.same(keysToRead(meta(6, 5, {}), settled, ['toString'], held, new Map()), []);
});

t.test(
  'what was read since counts as settled: an agent that starts while generations follow each other reads each view once',
  async (t) => {
    const at = (gen: number, epoch = 1) => ({ epoch, gen });
    const both = (gen: number) => new Map(KEYS.map((key) => [key, at(gen)]));
    for (const [what, m, read, expected] of [
      ['read since the generation was known', meta(6, 5, null), both(6), []],
      ['read before it, and nothing held has changed', meta(6, 5, { 'svc.x.y': 6 }), both(5), []],
      ['read before it, and one has changed and not arrived', meta(6, 5, { 'svc.a.b': 6 }), both(5), ['svc.a.b']],
      ['several generations later, all of them known', meta(9, 5, { 'svc.x.y': 7, 'dir.0': 9 }), both(5), ['dir.0']],
      ['one in between was missed', meta(7, 6, {}), both(5), KEYS],
      ['too many changes to list', meta(6, 5, null), both(5), KEYS],
      ['another epoch', meta(6, 5, {}, 2), both(5), KEYS],
      ['one of them was read', meta(6, 5, {}), new Map([['dir.0', at(5)]]), ['svc.a.b']],
      ['one that changed was read again', meta(6, 5, { 'svc.a.b': 6 }), new Map([...both(5), ['svc.a.b', at(6)]]), []],
    ] as const) {
      t.same(keysToRead(m, null, KEYS, held, read), expected, what);
    }
    t.same(keysToRead(meta(7, 6, {}), at(6), KEYS, held, both(4)), [], 'settled is better than read');
  },
);

t.test('what is still older than it should be after reading', async (t) => {
  t.same(keysBehind(meta(6, 5, { 'svc.a.b': 6, 'dir.0': 3 }), KEYS, held), ['svc.a.b']);
  t.same(keysBehind(meta(6, 5, { 'svc.new.one': 6 }), ['svc.new.one'], held), ['svc.new.one'], 'not there at all');
  t.same(keysBehind(meta(6, 5, null), KEYS, held), [], 'not listed: what was read has to do');
});

t.test('two generations of which the older was not settled count as one', async (t) => {
  const older = meta(5, 4, { 'svc.a.b': 5, 'dir.0': 5 });
  t.same(mergeMeta(older, meta(6, 5, { 'svc.a.b': 6 })), meta(6, 4, { 'svc.a.b': 6, 'dir.0': 5 }));
  t.same(mergeMeta(older, meta(6, 5, null)), meta(6, 4, null));
  t.same(mergeMeta(older, meta(7, 6, {})), meta(7, 6, {}), 'one in between was missed: it does not reach back');
  t.same(mergeMeta(older, meta(6, 5, {}, 2)), meta(6, 5, {}, 2));
  t.same(mergeMeta(null, older), older);
});

t.test('a generation that was not settled is overtaken with what it listed', async (t) => {
  const [older, newer] = [meta(6, 5, { 'svc.a.b': 6 }), meta(7, 6, { 'dir.0': 7 })];
  t.same(overtake(null, newer, null), newer);
  t.same(overtake(older, newer, { epoch: 1, gen: 6 }), newer, 'the older one was settled');
  const both = { ...newer, previousGen: 5, keys: { 'svc.a.b': 6, 'dir.0': 7 } };
  t.same(overtake(older, newer, { epoch: 1, gen: 5 }), both);
  t.same(overtake(older, newer, null), both);
});
