import t from 'tap';
import { BucketWindows } from '../../../../src/agent/quota/bucket-windows.ts';
import { QuotaBucket } from '../../../../src/agent/quota/quota-bucket.ts';
import type { LimitRuleView } from '../../../../src/contract/limit-views.ts';
import type { LeaseGrant } from '../../../../src/contract/quota-messages.ts';
import { QuotaTable, TAKE, type Take } from '../../../../src/contract/quota-table.ts';

const RULE: LimitRuleView = {
  id: 'shop/p/global/0@shop/orders',
  service: 'shop/orders',
  scope: 'global',
  by: [{ type: 'caller' }],
  limit: { requests: 1_000, windowMs: 10_000 },
  overrides: [{ callers: ['shop/batch'], limit: { requests: 10, windowMs: 10_000 } }],
  onOutage: 'share',
  hosts: 4,
};

function grant(more: Partial<LeaseGrant>): LeaseGrant {
  return {
    ...{ result: 'ok', granted: 0, window: 77, startsIn: 0, endsIn: 10_000, limit: 1_000, remaining: 500 },
    outstanding: false,
    ...more,
  } as LeaseGrant;
}

function setUp(caller = 'shop/web') {
  const table = new QuotaTable(QuotaTable.sharedMemory());
  const bucket = new QuotaBucket(table, 1, RULE, caller, `workload:${caller}`, 0);
  /** What becomes of so many requests at that time. */
  const take = (now: number, times = 1): Take[] => Array.from({ length: times }, () => table.take(1, now));
  return { table, bucket, take };
}

t.test('a lease comes before the first request passes, and more is asked for before it is used up', async (t) => {
  const { bucket, take } = setUp();
  t.same(take(0), [TAKE.dryLow]);
  t.match(bucket.plan(1), {
    seq: 1,
    want: 8,
    ahead: false,
    window: 0,
    back: 0,
    left: 0,
    limit: { requests: 1_000, windowMs: 10_000 },
  });
  t.equal(bucket.plan(100), bucket.plan(200), 'the same question until it is answered');
  t.equal(bucket.accept(grant({ granted: 8 }), 250), true, 'a request waits');
  t.equal(bucket.plan(251), null);
  const taken = take(300, 8);
  t.ok(taken.includes(TAKE.takenLow), 'main hears that few are left');
  bucket.isWanted = true;
  t.match(bucket.plan(301), { seq: 2, window: 77, left: 0 });
});

t.test('an end is as early as it may be, however long the answer took', async (t) => {
  const { bucket, take } = setUp();
  take(999);
  bucket.plan(1_000);
  bucket.accept(grant({ granted: 5, endsIn: 2_000 }), 1_500);
  t.same(take(2_999), [TAKE.taken]);
  t.same(take(3_000), [TAKE.dryLow]);
});

t.test('nothing left: refused at once, asked again only if others may give some back', async (t) => {
  const { bucket, take } = setUp();
  bucket.plan(0);
  bucket.accept(grant({ granted: 0, remaining: 0 }), 10);
  t.same(take(11, 2), [TAKE.exhausted, TAKE.exhausted]);
  t.equal(bucket.plan(5_000), null);
  bucket.isWanted = true;
  take(6_000);
  bucket.plan(6_001);
  bucket.accept(grant({ granted: 0, remaining: 0, outstanding: true }), 6_010);
  t.equal(bucket.plan(6_020), null);
  take(6_200);
  t.match(bucket.plan(6_220), { want: Number, window: 77 });
  bucket.accept(grant({ granted: 3 }), 6_230);
  t.same(take(6_231), [TAKE.taken], 'they came back');
});

t.test('the next window is fetched before it begins, if there are requests', async (t) => {
  const { bucket, take } = setUp();
  bucket.plan(0);
  bucket.accept(grant({ granted: 8, endsIn: 1_000 }), 10);
  take(850, 1);
  t.equal(bucket.plan(870), null, 'too early');
  t.match(bucket.plan(900), { ahead: true, window: 77, left: 7 });
  bucket.accept(grant({ granted: 4, window: 1_077, startsIn: 100, endsIn: 1_100 }), 905);
  t.equal(bucket.plan(910), null, 'it is there');
  t.equal(bucket.left(910), 7);
  t.equal(bucket.left(1_003), 0, 'the old one is over');
  t.equal(bucket.left(1_006), 4);
  const quiet = setUp();
  quiet.bucket.plan(0);
  quiet.bucket.accept(grant({ granted: 1, endsIn: 9_000 }), 10);
  quiet.take(11);
  quiet.bucket.plan(30);
  t.equal(quiet.bucket.plan(8_950), null, 'nobody asks');
});

t.test('tokens that nobody uses go back, and those of a window that is over do not', async (t) => {
  const { bucket, take } = setUp();
  bucket.plan(0);
  bucket.accept(grant({ granted: 8 }), 10);
  take(20, 3);
  bucket.plan(30);
  t.match(bucket.plan(1_000), { want: 0, back: 5, window: 77, left: 0 });
  t.same(take(1_001), [TAKE.dryLow]);
  bucket.accept(grant({ granted: 0 }), 1_010);
  t.equal(bucket.left(1_011), 0);
});

t.test('another limit: what is left goes back, and is asked for anew', async (t) => {
  const { bucket, take } = setUp();
  bucket.plan(0);
  bucket.accept(grant({ granted: 8 }), 10);
  bucket.adopt({ ...RULE }, 15);
  t.equal(bucket.left(16), 8, 'the same limit: nothing changes');
  bucket.adopt({ ...RULE, limit: { requests: 50, windowMs: 10_000 } }, 20);
  t.same(take(21), [TAKE.dryLow]);
  t.match(bucket.plan(22), { back: 8, left: 0, window: 77, limit: { requests: 50 } });
  bucket.accept(grant({ granted: 2, limit: 50 }), 30);
  t.equal(bucket.left(31), 2);
  bucket.adopt({ ...RULE, limit: { requests: 50, windowMs: 1_000 } }, 40);
  t.match(bucket.plan(41), { back: 0, window: 0 }, 'a window of another length ends when control says');
  t.equal(setUp('shop/batch').bucket.limit.requests, 10, 'overrides are limits of callers');
});

t.test(
  'an outage: what is left is used; then the share, from the next window on; all of it is told afterwards',
  async (t) => {
    const { bucket, take } = setUp();
    bucket.plan(0);
    bucket.accept(grant({ granted: 2, endsIn: 1_000 }), 10);
    take(20, 2);
    bucket.isWanted = true;
    bucket.plan(21);
    bucket.endure(30, 'share', 4);
    t.same(take(31), [TAKE.exhausted], 'others may have had all of this window');
    bucket.endure(1_005, 'share', 4);
    t.same(take(1_006, 251).filter((one) => one === TAKE.taken || one === TAKE.takenLow).length, 250);
    t.same(take(1_007), [TAKE.exhausted]);
    bucket.endure(11_006, 'share', 4);
    take(11_007, 40);
    bucket.plan(11_009);
    bucket.accept(grant({ granted: 6, window: 99 }), 11_010);
    t.equal(bucket.left(11_011), 0, 'nothing before control knows what was let through');
    t.match(bucket.plan(11_012), { spent: 40, back: 6, window: 99 });
    bucket.accept(grant({ granted: 9, window: 99 }), 11_020);
    t.equal(bucket.left(11_021), 9);
  },
);

t.test('an outage: everything, or nothing', async (t) => {
  const { bucket, take } = setUp();
  bucket.plan(0);
  bucket.endure(10, 'allow', 1);
  t.same(take(11), [TAKE.uncounted]);
  bucket.accept(grant({ granted: 1 }), 20);
  t.same(take(21, 2), [TAKE.takenLow, TAKE.dry]);
  const denied = setUp();
  denied.bucket.plan(0);
  denied.bucket.endure(10, 'deny', 1);
  t.same(denied.take(11), [TAKE.denied]);
  const none = setUp();
  none.bucket.plan(0);
  none.bucket.endure(10, 'share', 5_000);
  t.same(none.take(11), [TAKE.exhausted], 'a share of nothing');
});

t.test('a bucket gives its place up when there is nothing to lose', async (t) => {
  const { bucket } = setUp();
  bucket.plan(0);
  t.equal(bucket.isSpare(100_000, 60_000), false, 'it waits for an answer');
  bucket.accept(grant({ granted: 1 }), 10);
  t.equal(bucket.isSpare(9_000, 1_000), false, 'it has tokens');
  t.equal(bucket.isSpare(100_000, 60_000), true);
});

t.test('windows: one that runs takes the place of the one before, one to come lies beside it', async (t) => {
  const table = new QuotaTable(QuotaTable.sharedMemory());
  const windows = new BucketWindows(table, 0);
  windows.open({ id: 1, start: 0, end: 100 }, 0);
  windows.deposit(1, 5);
  windows.open({ id: 1, start: 0, end: 900 }, 1);
  t.equal(windows.running(1)?.end, 100, 'one that is open stays as it is');
  windows.open({ id: 2, start: 100, end: 200 }, 50);
  windows.deposit(2, 3);
  t.equal(windows.hasNext(50), true);
  t.same([windows.left(50), windows.left(150)], [5, 3]);
  windows.dropNext(60);
  t.same([windows.hasNext(60), windows.left(60), windows.left(150)], [false, 5, 0]);
  windows.open({ id: 3, start: 60, end: 160 }, 60);
  t.same([windows.running(61)?.id, windows.left(61)], [3, 0]);
  windows.setExhausted(61, true);
  t.equal(windows.isExhausted(61), true);
  windows.closeRunning(61);
  t.equal(windows.running(62), null);
  windows.deposit(42, 5);
  t.equal(windows.left(62), 0, 'tokens of a window that nobody knows');
});
