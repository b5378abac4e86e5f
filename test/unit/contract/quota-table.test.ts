import t from 'tap';
import { QUOTA_MODE, QuotaTable, TAKE } from '../../../src/contract/quota-table.ts';

t.test('tokens are taken from the window that runs; main hears once that few are left', async (t) => {
  const memory = QuotaTable.sharedMemory();
  const [main, thread] = [new QuotaTable(memory), new QuotaTable(memory)];
  main.clear(3);
  main.open(3, 0, 100, 200);
  main.deposit(3, 0, 3);
  main.setLow(3, 1);
  t.equal(thread.take(3, 99), TAKE.dryLow, 'the window has not begun');
  t.equal(main.answered(3), true, 'a request waits');
  t.equal(main.answered(3), false, 'told once');
  t.same(
    [1, 2, 3, 4].map(() => thread.take(3, 150)),
    [TAKE.taken, TAKE.takenLow, TAKE.taken, TAKE.dry],
  );
  t.equal(thread.resetMs(3, 150), 50);
  main.answered(3);
  main.setExhausted(3, 0, true);
  t.equal(thread.take(3, 150), TAKE.exhausted);
  t.equal(main.answered(3), false, 'nobody waits for what cannot come');
  t.equal(thread.take(3, 200), TAKE.dryLow, 'the window is over');
  t.same(main.counts(3), { taken: 3, refused: 4 });
});

t.test('the next window lies beside the one that runs', async (t) => {
  const table = new QuotaTable(QuotaTable.sharedMemory());
  table.open(0, 0, 0, 100);
  table.deposit(0, 0, 1);
  table.open(0, 1, 100, 200);
  table.deposit(0, 1, 2);
  t.same(
    [50, 51, 100, 101, 102].map((now) => table.take(0, now) <= TAKE.takenLow),
    [true, false, true, true, false],
  );
});

t.test('what is given back can be taken again, in its window alone', async (t) => {
  const table = new QuotaTable(QuotaTable.sharedMemory());
  table.open(0, 0, 0, 100);
  table.deposit(0, 0, 1);
  table.take(0, 10);
  table.giveBack(0, 20);
  t.equal(table.tokens(0, 0), 1);
  table.giveBack(0, 20);
  t.equal(table.tokens(0, 0), 1, 'never more than was taken');
  table.take(0, 30);
  table.open(0, 1, 100, 200);
  table.giveBack(0, 150);
  t.equal(table.tokens(0, 1), 0);
});

t.test('withdrawn tokens are gone; modes overrule them', async (t) => {
  const table = new QuotaTable(QuotaTable.sharedMemory());
  table.open(7, 1, 0, 100);
  table.deposit(7, 1, 10);
  t.equal(table.withdraw(7, 1, 4), 4);
  t.equal(table.withdraw(7, 1, Number.POSITIVE_INFINITY), 6);
  t.equal(table.withdraw(7, 1, 1), 0);
  table.setMode(7, QUOTA_MODE.deny);
  t.equal(table.take(7, 1), TAKE.denied);
  table.setMode(7, QUOTA_MODE.allow);
  t.equal(table.take(7, 1), TAKE.uncounted);
  table.clear(7);
  t.same(table.counts(7), { taken: 0, refused: 0 });
});
