import t from 'tap';
import type { LeaseClient } from '../../../../src/agent/quota/lease-client.ts';
import { QuotaKeeper } from '../../../../src/agent/quota/quota-keeper.ts';
import type { ToDataThreadBody } from '../../../../src/agent/thread-state.ts';
import type { HostView } from '../../../../src/contract/host-view.ts';
import type { LimitRuleView } from '../../../../src/contract/limit-views.ts';
import type { LeaseGrant, LeaseRequest } from '../../../../src/contract/quota-messages.ts';
import { MAX_QUOTA_SLOTS, QuotaTable, TAKE } from '../../../../src/contract/quota-table.ts';
import { sharedNow } from '../../../../src/contract/shared-clock.ts';
import { exampleVersion } from '../../../helpers/example-views.ts';

const RULE: LimitRuleView = {
  id: 'shop/p/global/0@shop/orders',
  service: 'shop/orders',
  scope: 'global',
  by: [{ type: 'caller' }],
  limit: { requests: 1_000, windowMs: 10_000 },
  onOutage: 'deny',
};

function view(...rules: LimitRuleView[]): HostView {
  return {
    version: exampleVersion(1),
    workloads: [{ namespace: 'shop', name: 'orders', limits: [{ port: 80, rules }] }],
  };
}

function grant(more: Partial<LeaseGrant> = {}): LeaseGrant {
  const fixed = {
    result: 'ok',
    granted: 5,
    window: 77,
    startsIn: 0,
    endsIn: 10_000,
    limit: 1_000,
    remaining: 9,
  } as const;
  return { ...fixed, outstanding: false, ...more };
}

/** A keeper with a control that answers as the test says, and what data threads are told. */
function setUp(t: { teardown(clean: () => void): void }, answer: (request: LeaseRequest) => LeaseGrant[] | Error) {
  const table = new QuotaTable(QuotaTable.sharedMemory());
  const told: ToDataThreadBody[] = [];
  const asked: LeaseRequest[] = [];
  const keeper = new QuotaKeeper(table, async (message) => void told.push(message));
  const client: LeaseClient = {
    ask: async (request) => {
      asked.push(request);
      const grants = answer(request);
      if (grants instanceof Error) throw grants;
      return { grants };
    },
    callers: async () => ({ '10.0.0.1': 'shop/web', '10.0.0.2': 'shop/web' }),
  };
  keeper.use(client);
  keeper.follow(view(RULE));
  t.teardown(() => keeper.stop());
  const need = (address: string): void =>
    keeper.heard({ type: 'quota-need', rule: RULE.id, caller: address, key: `address:${address}` });
  const until = async (what: string, condition: () => boolean): Promise<void> => {
    for (let i = 0; i < 2_000; i++) {
      if (condition()) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`timed out: ${what}`);
  };
  const slots = () => told.flatMap((one) => (one.type === 'quota-slot' ? [one] : []));
  return { table, told, asked, keeper, need, until, slots };
}

t.test('callers at several addresses that are one workload share a bucket', async (t) => {
  const { table, asked, need, until, slots } = setUp(t, ({ asks }) => asks.map(() => grant()));
  need('10.0.0.1');
  need('10.0.0.2');
  need('10.0.0.9');
  await until('slots', () => slots().length === 3);
  const [one, two, other] = slots();
  t.match([one, two, other], [{ caller: 'shop/web' }, { caller: 'shop/web' }, { caller: '10.0.0.9' }]);
  t.equal(one?.slot, two?.slot);
  t.not(one?.slot, other?.slot);
  await until('tokens', () => table.take(Number(one?.slot), sharedNow()) <= TAKE.takenLow);
  const keys = asked.flatMap(({ asks }) => asks.map(({ key }) => key));
  t.same([...new Set(keys)].sort(), ['address:10.0.0.9', 'workload:shop/web']);
});

t.test('requests that wait are told when tokens come', async (t) => {
  let granted = 0;
  const { table, told, keeper, need, until, slots } = setUp(t, ({ asks }) => asks.map(() => grant({ granted })));
  need('10.0.0.1');
  await until('a slot', () => slots().length === 1);
  const slot = Number(slots()[0]?.slot);
  await until('an answer', () => keeper.stats().leases > 0);
  granted = 3;
  table.setExhausted(slot, 0, false);
  table.take(slot, sharedNow());
  keeper.heard({ type: 'quota-low', slot });
  await until('waking', () => told.some((one) => one.type === 'quota-filled' && one.slots.includes(slot)));
  t.pass();
});

t.test('control away: the rule decides, and control is asked again until it answers', async (t) => {
  let away = true;
  const { table, keeper, need, until, slots, asked } = setUp(t, ({ asks }) =>
    away ? new Error('nobody') : asks.map(() => grant()),
  );
  need('10.0.0.1');
  await until('a slot', () => slots().length === 1);
  const slot = Number(slots()[0]?.slot);
  await until('the outage', () => table.take(slot, sharedNow()) === TAKE.denied);
  t.match(keeper.stats(), { outage: true, leases: 0 });
  away = false;
  await until('tokens', () => table.take(slot, sharedNow()) <= TAKE.takenLow);
  t.match(keeper.stats(), { outage: false });
  const [first] = asked;
  t.ok(asked.every(({ boot }) => boot === first?.boot));
  t.equal(asked[1]?.asks[0]?.seq, first?.asks[0]?.seq, 'the same question, so that nothing is granted twice');
});

t.test('a store that does not answer is an outage; a rule that is gone lets pass', async (t) => {
  let result: LeaseGrant['result'] = 'failed';
  const { table, need, until, slots } = setUp(t, ({ asks }) => asks.map(() => grant({ result, granted: 0 })));
  need('10.0.0.1');
  await until('a slot', () => slots().length === 1);
  const slot = Number(slots()[0]?.slot);
  await until('the outage', () => table.take(slot, sharedNow()) === TAKE.denied);
  result = 'unknown';
  await until('passing', () => table.take(slot, sharedNow()) === TAKE.uncounted);
  t.pass();
});

t.test('without control this host has the whole limit', async (t) => {
  const { table, keeper, need, until, slots } = setUp(t, () => new Error('nobody'));
  keeper.use(null);
  keeper.follow(view({ ...RULE, limit: { requests: 7, windowMs: 10_000 } }));
  need('10.0.0.1');
  await until('a slot', () => slots().length === 1);
  const slot = Number(slots()[0]?.slot);
  await until('tokens', () => table.take(slot, sharedNow()) <= TAKE.takenLow);
  const more = Array.from({ length: 20 }, () => table.take(slot, sharedNow()));
  t.equal(more.filter((one) => one === TAKE.taken || one === TAKE.takenLow).length, 6);
});

t.test('a policy that goes takes its buckets along; a new limit is told', async (t) => {
  const { keeper, need, until, slots } = setUp(t, ({ asks }) => asks.map(() => grant()));
  need('10.0.0.1');
  await until('a slot', () => slots().length === 1);
  keeper.follow(view({ ...RULE, limit: { requests: 5, windowMs: 10_000 } }));
  await until('the limit', () => slots().at(-1)?.limit.requests === 5);
  keeper.follow(view());
  await until('the end', () => slots().at(-1)?.slot === null);
  t.equal(keeper.stats().buckets, 0);
  keeper.follow(view(RULE));
  need('10.0.0.9');
  await until('another', () => slots().at(-1)?.caller === '10.0.0.9');
  t.equal(slots().at(-1)?.slot, 0, 'the place is used again');
});

t.test('more callers than there are places for', async (t) => {
  const { need, until, slots } = setUp(t, ({ asks }) => asks.map(() => grant()));
  for (let i = 0; i <= MAX_QUOTA_SLOTS; i++) need(`10.1.${i >> 8}.${i & 255}`);
  await until('all answers', () => slots().length > MAX_QUOTA_SLOTS);
  t.equal(slots().filter(({ slot }) => slot === -1).length, 1);
});

t.test('policies are followed once the data threads have them', async (t) => {
  const { keeper } = setUp(t, () => []);
  const order: string[] = [];
  const threads = { post: async (message: ToDataThreadBody) => void order.push(message.type) };
  await keeper.behind(threads).post({ type: 'host', view: view() });
  t.same(order, ['host']);
});
