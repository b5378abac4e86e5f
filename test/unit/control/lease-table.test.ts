import t from 'tap';
import { LeaseTable } from '../../../src/control/lease-table.ts';

const TTL = 1_000;

t.test('a host lives for one ttl after its newest renewal', async (t) => {
  const table = new LeaseTable(TTL);
  t.ok(table.renew('a', 1, 0));
  t.ok(table.renew('b', 2, 0));
  t.ok(table.renew('a', 3, 600));
  t.same(table.expire(999), []);
  t.same(table.expire(1_000), ['b']);
  t.ok(table.isLive('a'));
  t.same(table.expire(1_600), ['a']);
  t.same(table.hosts(), []);
});

t.test('a renewal that was seen before renews nothing', async (t) => {
  const table = new LeaseTable(TTL);
  table.renew('a', 5, 0);
  t.notOk(table.renew('a', 5, 900), 'read from the store again');
  t.notOk(table.renew('a', 4, 900), 'out of order');
  t.same(table.expire(1_000), ['a']);
  table.forgetRevisions();
  t.ok(table.renew('a', 1, 2_000), 'a recreated store counts from one');
});

t.test('nobody expires during a grace period, and hosts known only by their records live until its end', async (t) => {
  const table = new LeaseTable(TTL);
  table.renew('a', 1, 0);
  table.beginGrace(900, 0);
  table.presume('b');
  t.ok(table.inGrace(1_899));
  t.same(table.expire(1_899), []);
  t.same(table.expire(1_900).sort(), ['a', 'b']);
});

t.test('a grace period may be longer than the ttl', async (t) => {
  const table = new LeaseTable(TTL);
  table.renew('a', 1, 0);
  table.beginGrace(0, 5_000);
  t.same(table.expire(4_999), []);
  t.same(table.expire(5_000), ['a']);
});

t.test('presuming does not shorten a real lease', async (t) => {
  const table = new LeaseTable(TTL);
  table.beginGrace(0, 0);
  table.renew('a', 1, 800);
  table.presume('a');
  t.same(table.expire(1_000), []);
  t.same(table.expire(1_800), ['a']);
});

t.test('a host that says good-bye is gone at once', async (t) => {
  const table = new LeaseTable(TTL);
  table.renew('a', 1, 0);
  table.end('a');
  t.notOk(table.isLive('a'));
  t.same(table.expire(5_000), []);
});
