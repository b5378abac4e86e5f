import t from 'tap';
import { HeldRemovals } from '../../../src/control/held-removals.ts';
import type { RegisteredEndpoint } from '../../../src/resources/index.ts';

const endpoint = (host: string, name = `${host}-1`): RegisteredEndpoint => ({
  host,
  namespace: 'shop',
  name,
  labels: {},
  address: '10.0.0.1',
  ports: {},
  weight: 1,
  healthy: true,
});
const silent = (host: string, service = 'shop/orders', name = `${host}-1`) => ({
  endpoint: endpoint(host, name),
  services: [service],
});
const hosts = (removed: readonly RegisteredEndpoint[]) => removed.map(({ host }) => host);

t.test('what is held and what is not, for hosts that fall silent together', async (t) => {
  for (const [title, dead, size, removed] of [
    ['one of three', ['a'], 3, ['a']],
    ['the only one', ['a'], 1, ['a']],
    ['half is not more than half', ['a', 'b'], 4, ['a', 'b']],
    ['two of three', ['a', 'b'], 3, []],
    ['both of two', ['a', 'b'], 2, []],
    ['six of ten', ['a', 'b', 'c', 'd', 'e', 'f'], 10, []],
    ['five of ten', ['a', 'b', 'c', 'd', 'e'], 10, ['a', 'b', 'c', 'd', 'e']],
  ] as const) {
    const held = new HeldRemovals();
    t.same(
      hosts(
        held.decide(
          dead.map((host) => silent(host)),
          () => size,
          0,
        ),
      ),
      removed,
      title,
    );
    t.equal(held.size, dead.length - removed.length, title);
  }
});

t.test('a single host is never held, whatever it has', async (t) => {
  const held = new HeldRemovals();
  const all = ['1', '2', '3'].map((name) => silent('a', 'shop/orders', name));
  t.same(hosts(held.decide(all, () => 3, 0)), ['a', 'a', 'a']);
});

t.test('deaths one after the other are one event: the first may go, the rest stays', async (t) => {
  const held = new HeldRemovals();
  let size = 5;
  const decide = (now: number, ...dead: string[]) => {
    const removed = held.decide(
      dead.map((host) => silent(host)),
      () => size,
      now,
    );
    size -= removed.length;
    return hosts(removed);
  };
  t.same(decide(0, 'a'), ['a']);
  t.same(decide(1_000, 'b'), ['b']);
  t.same(decide(2_000, 'c'), []);
  t.same(decide(3_000, 'd', 'e'), []);
  t.same(decide(500_000), [], 'time alone releases nothing');
  t.match(held.list(500_000), [{ service: 'shop/orders', endpoints: 3, hosts: ['c', 'd', 'e'], heldSeconds: 498 }]);
  t.equal(held.total, 3);
  t.ok(held.holds('c') && !held.holds('a'));
});

t.test('deaths that are minutes apart are not', async (t) => {
  const held = new HeldRemovals();
  t.same(hosts(held.decide([silent('a')], () => 4, 0)), ['a']);
  t.same(hosts(held.decide([silent('b')], () => 3, 100_000)), ['b']);
  t.same(hosts(held.decide([silent('c')], () => 2, 200_000)), ['c']);
});

t.test('held endpoints are let go when others have taken their place', async (t) => {
  const held = new HeldRemovals();
  t.same(
    held.decide([silent('a'), silent('b')], () => 3, 0),
    [],
  );
  t.same(hosts(held.decide([], () => 4, 1_000)), ['a', 'b'], 'a new one is there: half is not more than half');
});

t.test('a host that is heard again, or says good-bye, is not counted any more', async (t) => {
  const held = new HeldRemovals();
  held.decide([silent('a'), silent('b'), silent('c')], () => 4, 0);
  held.forgetHost('a');
  t.same(hosts(held.decide([], () => 4, 1_000)), ['b', 'c']);
  const others = new HeldRemovals();
  others.decide([silent('a'), silent('b')], () => 2, 0);
  others.forget('a', 'shop/a-1');
  t.equal(others.size, 1);
});

t.test('an operator confirms one service', async (t) => {
  const held = new HeldRemovals();
  held.decide([silent('a'), silent('b'), silent('c', 'shop/stock'), silent('d', 'shop/stock')], () => 2, 0);
  t.same(hosts(held.confirm('shop/orders')), ['a', 'b']);
  t.same(
    held.list(0).map(({ service }) => service),
    ['shop/stock'],
  );
  t.same(held.confirm('shop/orders'), []);
});
