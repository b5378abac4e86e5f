import t from 'tap';
import type { LeaseAsk, QuotaRecord } from '../../../../src/contract/quota-messages.ts';
import { quotaRecordSchema } from '../../../../src/contract/quota-messages.ts';
import { lease, usedOf } from '../../../../src/control/quota/lease-window.ts';

const LIMIT = { requests: 1_000, windowMs: 10_000 };
const ASK: LeaseAsk = {
  rule: 'shop/p/global/0@shop/orders',
  caller: 'shop/web',
  key: 'workload:shop/web',
  seq: 1,
  want: 10,
  ahead: false,
  window: 0,
  back: 0,
  left: 0,
  spent: 0,
  limit: { requests: 1_000, windowMs: 10_000 },
};

/** Plays asks against one record. */
class Desk {
  record: QuotaRecord | null = null;
  crossed: (80 | 100)[] = [];
  limit = LIMIT;
  #seq = 0;

  ask(host: string, now: number, change: Partial<LeaseAsk> = {}, boot = 'b1') {
    const ask = { ...ASK, seq: ++this.#seq, ...change };
    const outcome = lease(this.record, ask, { host, boot }, this.limit, 'shop/orders', now);
    this.record = quotaRecordSchema.parse(JSON.parse(JSON.stringify(outcome.record)));
    if (outcome.crossed !== null) this.crossed.push(outcome.crossed);
    return outcome.grant;
  }
}

t.test('blocks get smaller as the limit comes near, and never exceed it', async (t) => {
  const desk = new Desk();
  let sum = 0;
  const blocks: number[] = [];
  for (let i = 0; sum < 1_000 && i < 500; i++) {
    const { granted } = desk.ask(`h${i % 4}`, 1_000 + i, { want: 400 });
    blocks.push(granted);
    sum += granted;
  }
  t.equal(sum, 1_000);
  t.equal(blocks[0], 400, 'alone so far: at most half');
  t.ok(blocks.length < 80, `${blocks.length} leases for a window`);
  t.same(blocks.slice(-3), [1, 1, 1]);
  t.match(desk.ask('h0', 2_000), { granted: 0, remaining: 0, endsIn: 9_000, limit: 1_000, outstanding: true });
});

t.test('a window begins with the first request after the one before, or by the calendar', async (t) => {
  const desk = new Desk();
  t.match(desk.ask('h', 5_300), { window: 5_300, startsIn: 0, endsIn: 10_000 });
  t.match(desk.ask('h', 15_299), { window: 5_300, endsIn: 1 });
  t.match(desk.ask('h', 15_300), { window: 15_300, endsIn: 10_000, remaining: 990 });
  t.match(desk.ask('h', 99_000), { window: 99_000 });
  const hourly = new Desk();
  hourly.limit = { requests: 5, windowMs: 3_600_000, calendar: true } as typeof LIMIT;
  t.match(hourly.ask('h', 3_600_000 * 7 + 5), { window: 3_600_000 * 7, endsIn: 3_599_995 });
});

t.test('tokens of the next window are given out shortly before it begins', async (t) => {
  const desk = new Desk();
  const { window } = desk.ask('h', 1_000);
  t.match(desk.ask('h', 5_000, { ahead: true, window }), { granted: 0, startsIn: 6_000 }, 'too early');
  t.match(desk.ask('h', 10_900, { ahead: true, window }), {
    granted: 10,
    window: 11_000,
    startsIn: 100,
    endsIn: 10_100,
  });
  t.match(desk.ask('g', 10_950, { window }), { granted: 10, window: 1_000, endsIn: 50 }, 'the present one goes on');
  t.match(desk.ask('h', 11_000, { window: 11_000 }), { window: 11_000, startsIn: 0, remaining: 980 });
  t.match(
    desk.ask('g', 11_001, { ahead: true, window }),
    { window: 11_000, granted: 10, startsIn: 0 },
    'too late to be ahead',
  );
});

t.test('what comes back can be granted again, once, and no more than was granted', async (t) => {
  const desk = new Desk();
  const { window } = desk.ask('h', 1_000, { want: 100 });
  const give = { want: 0, back: 60, left: 0, window, seq: 7 };
  t.match(desk.ask('h', 1_001, give), { granted: 0, remaining: 960 });
  t.match(desk.ask('h', 1_002, give), { remaining: 960 }, 'repeated');
  t.match(desk.ask('h', 1_003, { ...give, seq: 8, back: 9_999 }), { remaining: 1_000 }, 'a lie');
  desk.ask('g', 1_004, { want: 100 });
  t.match(desk.ask('h', 1_005, { ...give, seq: 9, back: 50 }), { remaining: 900 }, 'tokens of another host');
  t.match(desk.ask('g', 1_006, { ...give, seq: 99, back: 50, window: 5 }), { remaining: 900 }, 'of another window');
  t.match(desk.ask('g', 1_007, { ...give, seq: 100, back: 50 }, 'b2'), { remaining: 900 }, 'of a run before a restart');
});

t.test('a request that is repeated gets what it got', async (t) => {
  const desk = new Desk();
  const first = desk.ask('h', 1_000, { seq: 5, want: 30 });
  t.match(desk.ask('h', 1_500, { seq: 5, want: 30 }), { granted: 30, window: first.window, remaining: 970 });
  t.match(desk.ask('h', 1_600, { seq: 4, want: 30 }), { granted: 0, remaining: 970 }, 'an older one that was late');
  t.match(desk.ask('h', 1_700, { seq: 6, want: 30 }), { granted: 30, remaining: 940 });
  t.match(desk.ask('h', 1_800, { seq: 6, want: 30 }, 'b2'), { granted: 30, remaining: 910 }, 'another run counts anew');
});

t.test('a new limit counts at once; what was granted stays granted', async (t) => {
  const desk = new Desk();
  desk.ask('h', 1_000, { want: 400 });
  desk.limit = { requests: 100, windowMs: 10_000 };
  t.match(desk.ask('h', 1_100), { granted: 0, limit: 100, remaining: 0 });
  desk.limit = { requests: 5_000, windowMs: 10_000 };
  t.match(desk.ask('h', 1_200, { want: 10 }), { granted: 10, remaining: 4_590 });
  desk.limit = { requests: 5_000, windowMs: 1_000 };
  t.match(desk.ask('h', 1_900), { window: 1_000, endsIn: 100 }, 'a shorter window');
  t.match(desk.ask('h', 2_000), { window: 2_000, remaining: 4_990 });
});

t.test('what was let through without a lease is counted, also beyond the limit', async (t) => {
  const desk = new Desk();
  t.match(desk.ask('h', 1_000, { spent: 995, want: 10, seq: 3 }), { granted: 2 });
  t.match(desk.ask('h', 1_001, { spent: 995, want: 10, seq: 3 }), { granted: 2 }, 'repeated: counted once');
  t.match(desk.ask('g', 1_002, { spent: 500, want: 10 }), { granted: 0, remaining: 0 });
});

t.test('80 and 100 percent are told once for each window, by what is used', async (t) => {
  const desk = new Desk();
  let now = 1_000;
  const use = (amount: number): void => {
    for (let used = 0; used < amount; ) {
      const { granted, window } = desk.ask('h', now, { want: amount - used });
      used += granted;
      desk.ask('h', now, { want: 0, left: 0, window });
    }
  };
  use(799);
  t.same(desk.crossed, []);
  use(1);
  t.same(desk.crossed, [80]);
  use(200);
  t.same(desk.crossed, [80, 100]);
  now += 10_000;
  use(1_000);
  t.same(desk.crossed, [80, 100, 80, 100]);
  desk.ask('h', 50_000, { want: 900 });
  t.equal(usedOf(desk.record?.current ?? { start: 0, granted: 0, hosts: {} }), 0, 'granted, and not used yet');
});

t.test('the number of hosts that a record remembers is bounded', async (t) => {
  const desk = new Desk();
  desk.limit = { requests: 10_000_000, windowMs: 10_000 };
  for (let i = 0; i < 400; i++) desk.ask(`h${i}`, 1_000, { want: 1, seq: 1 });
  t.equal(Object.keys(desk.record?.current.hosts ?? {}).length, 256);
  t.equal(desk.record?.current.granted, 400, 'those beyond count all the same');
});
