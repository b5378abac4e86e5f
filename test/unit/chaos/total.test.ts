import t from 'tap';
import {
  addTally,
  emptyTotal,
  hasPassed,
  type Outcome,
  quantile,
  renderOutcome,
} from '../../../scripts/chaos/total.ts';

const outcome = (over: Partial<Outcome>): Outcome => ({
  scenario: 'routes',
  seconds: 12.34,
  total: { sent: 3, lost: 0, problems: [], latencies: [1, 250, 2] },
  detail: '200 changes',
  failure: null,
  ...over,
});

t.test('tallies add up', async (t) => {
  const first = { sent: 2, answers: { a: 2 }, problems: [], lost: 0, latencies: [1, 2] };
  const second = { sent: 2, answers: { a: 1 }, problems: ['ECONNRESET'], lost: 1, latencies: [3] };
  t.same(addTally(addTally(emptyTotal(), first), second), {
    sent: 4,
    lost: 1,
    problems: ['ECONNRESET'],
    latencies: [1, 2, 3],
  });
});

t.test('quantiles are values that were measured', async (t) => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  t.same([quantile(hundred, 0.99), quantile(hundred, 1), quantile([7], 0.5), quantile([], 0.99)], [99, 100, 7, 0]);
});

t.test('a scenario passes when requests were made, none was lost, and it did what it should', async (t) => {
  t.equal(hasPassed(outcome({})), true);
  t.equal(hasPassed(outcome({ failure: 'nobody came back' })), false);
  t.equal(hasPassed(outcome({ total: { sent: 3, lost: 1, problems: [], latencies: [] } })), false);
  t.equal(hasPassed(outcome({ total: emptyTotal() })), false, 'nothing was asked');
});

t.test('the line has the numbers, and what was wrong stands below it', async (t) => {
  const numbers = '3 requests, 0 lost, p99 250.0 ms, longest 250 ms, 12.3 s; 200 changes';
  t.equal(renderOutcome(outcome({})), `ok   routes           ${numbers}`);
  const total = { sent: 3, lost: 1, problems: ['503 "no\nendpoint"'], latencies: [1, 2] };
  t.equal(
    renderOutcome(outcome({ total, detail: '', failure: 'nobody came back' })),
    `FAIL routes           3 requests, 1 lost, p99 2.0 ms, longest 2 ms, 12.3 s
       nobody came back
       lost: 503 "no
       endpoint"`,
  );
});
