import t from 'tap';
import { RetryBudget, SlidingCount } from '../../../../src/proxy/policy/retry-budget.ts';

/** How many of `wanted` retries are allowed at that moment. */
function takes(budget: RetryBudget, now: number, wanted: number): number {
  let taken = 0;
  for (let i = 0; i < wanted; i++) if (budget.take(now)) taken++;
  return taken;
}

t.test('a window forgets what is older than itself, a tenth at a time', (t) => {
  const count = new SlidingCount(1000);
  count.add(5_000);
  count.add(5_050);
  count.add(5_950);
  t.equal(count.count(5_999), 3);
  t.equal(count.count(6_000), 1);
  t.equal(count.count(6_899), 1);
  t.equal(count.count(6_950), 0);
  count.add(100_000);
  t.equal(count.count(100_999), 1, 'after a long silence');
  t.equal(count.count(1_000_000), 0);
  t.end();
});

t.test('a few retries a second are always allowed', (t) => {
  const budget = new RetryBudget();
  t.equal(takes(budget, 50_000, 100), 10);
  t.equal(takes(budget, 50_900, 100), 0);
  t.equal(takes(budget, 51_000, 100), 10, 'a second later');
  t.end();
});

t.test('beyond them it is a share of the requests of the last interval', (t) => {
  const budget = new RetryBudget();
  for (let i = 0; i < 1000; i++) budget.noteRequest(50_000 + i);
  t.equal(takes(budget, 51_000, 1000), 200, '20 % of 1000');
  t.equal(takes(budget, 52_000, 1000), 10, 'used up, but for the few of each second');
  t.equal(takes(budget, 61_000, 1000), 10, 'the requests are forgotten');
  t.end();
});

t.test('both shares are those of the view', (t) => {
  const budget = new RetryBudget({ percent: 50, intervalMs: 1000, minCount: 0, minIntervalMs: 1000 });
  t.equal(takes(budget, 9_000, 10), 0);
  for (let i = 0; i < 10; i++) budget.noteRequest(9_000);
  t.equal(takes(budget, 9_000, 10), 5);
  const none = new RetryBudget({ percent: 0, intervalMs: 1000, minCount: 0, minIntervalMs: 1000 });
  none.noteRequest(9_000);
  t.equal(takes(none, 9_000, 10), 0);
  t.end();
});
