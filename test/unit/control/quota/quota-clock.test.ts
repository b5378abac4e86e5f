import t from 'tap';
import { QuotaClock } from '../../../../src/control/quota/quota-clock.ts';

t.test('the clock is that of the server, carried on by a monotonic one', async (t) => {
  const clock = new QuotaClock();
  t.equal(clock.at(5), null);
  clock.sample(100, 104, 1_000_000);
  t.equal(clock.at(102), 1_000_000);
  t.equal(clock.at(1_102), 1_001_000);
});

t.test(
  'when the clock of the server is set, windows are not cut short: the difference is made up slowly',
  async (t) => {
    for (const jump of [3_600_000, -3_600_000]) {
      const clock = new QuotaClock();
      clock.sample(0, 0, 1_000_000);
      clock.sample(30_000, 30_000, 1_030_000 + jump);
      const error = (clock.at(30_000) ?? 0) - 1_030_000;
      t.ok(Math.abs(error) <= 15 && Math.sign(error) === Math.sign(jump), `${error} ms after a jump of ${jump} ms`);
    }
  },
);

t.test('a window that another control opened later than now is believed', async (t) => {
  const clock = new QuotaClock();
  clock.witness(5, 0);
  t.equal(clock.at(0), null);
  clock.sample(0, 0, 1_000);
  clock.witness(900, 0);
  t.equal(clock.at(0), 1_000, 'one that began before says nothing');
  clock.witness(9_000, 10);
  t.equal(clock.at(10), 9_000);
  t.equal(clock.at(20), 9_010);
});
