import t from 'tap';
import { ProxyRig } from '../../helpers/proxy-rig.ts';

t.test('a view is asked for once while somebody waits, and all who wait hear of it', async (t) => {
  const rig = new ProxyRig();
  const heard: string[] = [];
  for (const who of ['a', 'b']) rig.waiters.wait('shop/orders', (arrived) => heard.push(`${who} ${arrived}`));
  rig.waiters.wait('shop/cache', (arrived) => heard.push(`c ${arrived}`));
  t.same(rig.needed, ['shop/orders', 'shop/cache']);
  rig.waiters.settle('shop/orders', true);
  rig.waiters.settle('shop/orders', true);
  t.same(heard, ['a true', 'b true']);
  rig.waiters.settle('shop/cache', false);
  t.same(heard.slice(2), ['c false']);
  rig.waiters.wait('shop/orders', () => {});
  t.equal(rig.needed.length, 3, 'asked for again later');
  await rig.end();
});

t.test('a wait ends in time, once, and the view is asked for anew by the next', async (t) => {
  const rig = new ProxyRig({ viewTimeoutMs: 60 });
  const heard: boolean[] = [];
  rig.waiters.wait('shop/orders', (arrived) => heard.push(arrived));
  await rig.until(() => heard.length === 1, 'the end of the wait');
  rig.waiters.settle('shop/orders', true);
  t.same(heard, [false]);
  rig.waiters.wait('shop/orders', () => {});
  t.equal(rig.needed.length, 2);
  await rig.end();
});

t.test('more than 4096 at once are refused without waiting, until there is room', async (t) => {
  const rig = new ProxyRig();
  const heard: boolean[] = [];
  for (let i = 0; i < 4_097; i++) rig.waiters.wait(`shop/s${i % 10}`, (arrived) => heard.push(arrived));
  t.same(heard, [false]);
  rig.waiters.settle('shop/s0', true);
  rig.waiters.wait('shop/s1', (arrived) => heard.push(arrived));
  t.equal(heard.filter((arrived) => !arrived).length, 1);
  await rig.end();
});

t.test('somebody who waits again from within the answer is not lost', async (t) => {
  const rig = new ProxyRig();
  let again = 0;
  rig.waiters.wait('shop/orders', () => rig.waiters.wait('shop/orders', () => again++));
  rig.waiters.settle('shop/orders', true);
  t.equal(again, 0);
  rig.waiters.settle('shop/orders', true);
  t.equal(again, 1);
  await rig.end();
});
