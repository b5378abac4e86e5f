import t from 'tap';
import { idleMs, lowMark, nextRate, pollMs, shareOf, wantFor } from '../../../../src/agent/quota/lease-plan.ts';

t.test('rates: a rise counts at once, a fall by halves, and one request alone says little', async (t) => {
  t.equal(nextRate(0, 1, 0), 20);
  t.equal(nextRate(0, 100, 100), 1_000);
  t.equal(nextRate(1_000, 0, 1_000), 500);
  t.equal(nextRate(100, 100, 100), 1_000);
});

t.test('how many tokens, and when more', async (t) => {
  t.equal(wantFor(0, false), 8, 'a caller that was just seen');
  t.equal(wantFor(0, true), 1);
  t.equal(wantFor(300, true), 75);
  t.equal(wantFor(1e12, true), 1_000_000);
  t.equal(lowMark(100, 25), 6);
  t.equal(lowMark(10_000, 8), 4, 'never more than half of what came');
  t.equal(lowMark(5, 1), 0);
});

t.test('times go by the window, within bounds', async (t) => {
  t.same([1_000, 10_000, 86_400_000].map(idleMs), [300, 500, 5_000]);
  t.same([1_000, 10_000, 86_400_000].map(pollMs), [50, 200, 1_000]);
  t.same([shareOf(1_000, 4), shareOf(10, 3), shareOf(2, 5), shareOf(7, 0)], [250, 3, 0, 7]);
});
