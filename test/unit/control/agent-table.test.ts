import t from 'tap';
import type { Ack, Lease } from '../../../src/contract/messages.ts';
import { AgentTable } from '../../../src/control/agent-table.ts';

const lease = (ack: Ack | null = null, boot = 'one'): Lease => ({ version: '0.1.0', boot, ack, workloads: [] });
const ack = (epoch: number, gen: number): Ack => ({ epoch, gen, result: 'ACK', errors: [] });
const nack = (epoch: number, gen: number): Ack => ({
  epoch,
  gen,
  result: 'NACK',
  errors: [{ key: 'dir.0', reason: 'no' }],
});

t.test('progress counts who answered a generation or a newer one', async (t) => {
  const table = new AgentTable();
  for (const host of ['a', 'b', 'c', 'd']) table.seen(host, lease(), 0);
  table.acknowledged('a', ack(1, 5));
  table.acknowledged('b', ack(2, 1));
  table.acknowledged('c', ack(1, 4));
  t.match(table.progress({ epoch: 1, gen: 5 }), { total: 4, acknowledged: 2, missing: ['c', 'd'], rejected: [] });
  t.match(table.progress({ epoch: 2, gen: 1 }), { acknowledged: 1, missing: ['a', 'c', 'd'] });
  table.acknowledged('d', nack(1, 6));
  t.match(table.progress({ epoch: 1, gen: 5 }), { acknowledged: 2, missing: ['c'], rejected: [{ host: 'd' }] });
});

t.test('an older answer never replaces a newer one', async (t) => {
  const table = new AgentTable();
  table.seen('a', lease(ack(1, 5)), 0);
  table.acknowledged('a', ack(1, 3));
  table.seen('a', lease(ack(1, 2)), 1);
  t.match(table.progress({ epoch: 1, gen: 5 }), { acknowledged: 1 });
});

t.test('a restarted agent has answered nothing yet', async (t) => {
  const table = new AgentTable();
  table.seen('a', lease(ack(1, 5), 'one'), 0);
  table.seen('a', lease(null, 'two'), 1);
  t.match(table.progress({ epoch: 1, gen: 5 }), { missing: ['a'] });
});

t.test('answers of hosts without a lease mean nothing', async (t) => {
  const table = new AgentTable();
  table.acknowledged('ghost', ack(9, 9));
  t.equal(table.newestAnswer(), null);
  table.seen('a', lease(ack(1, 1)), 0);
  table.gone('a');
  table.acknowledged('a', ack(9, 9));
  t.equal(table.newestAnswer(), null);
  t.match(table.progress({ epoch: 1, gen: 1 }), { total: 0, missing: [] });
});

t.test('states: SYNCED, STALE, ERROR, GONE; those that left are forgotten after an hour', async (t) => {
  const table = new AgentTable();
  table.seen('a', lease(ack(1, 5)), 0);
  table.seen('b', lease(ack(1, 4)), 0);
  table.seen('c', lease(nack(1, 5)), 0);
  table.seen('d', lease(ack(1, 5)), 0);
  table.gone('d');
  const states = (now: number) =>
    table.list({ epoch: 1, gen: 5 }, now, () => 2).map((a) => [a.host, a.state, a.workloads]);
  t.same(states(100), [
    ['a', 'SYNCED', 2],
    ['b', 'STALE', 2],
    ['c', 'ERROR', 2],
    ['d', 'GONE', 0],
  ]);
  table.forgetOld(3_600_000);
  t.equal(states(0).length, 4);
  table.forgetOld(3_600_001);
  t.equal(states(0).length, 3);
});

t.test('waiting ends with the last answer, with the departure of who is missing, or with the time', async (t) => {
  const table = new AgentTable();
  table.seen('a', lease(), 0);
  table.seen('b', lease(), 0);
  const target = { epoch: 1, gen: 1 };
  const answered = table.waitFor(target, 5_000);
  table.acknowledged('a', ack(1, 1));
  table.acknowledged('b', ack(1, 1));
  t.match(await answered, { acknowledged: 2, missing: [] });
  const left = table.waitFor({ epoch: 1, gen: 2 }, 5_000);
  table.acknowledged('a', ack(1, 2));
  table.gone('b');
  t.match(await left, { total: 1, acknowledged: 1, missing: [] });
  t.match(await table.waitFor({ epoch: 1, gen: 3 }, 10), { acknowledged: 0, missing: ['a'] });
  t.match(await new AgentTable().waitFor(target, 5_000), { total: 0, missing: [] });
});
