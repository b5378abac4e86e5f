import t from 'tap';
import { PublishCount } from '../../../src/control/publish-count.ts';

t.test('a change is waited for until it is published, whatever follows it', async (t) => {
  const count = new PublishCount();
  count.changed();
  const first = count.wait(() => true);
  count.changed();
  const second = count.wait(() => true);
  count.published(1);
  t.equal(await first, true);
  let settled = false;
  void second.then(() => {
    settled = true;
  });
  count.wake();
  await Promise.resolve();
  t.equal(settled, false);
  count.published(count.changes);
  t.equal(await second, true);
  t.equal(await count.wait(() => false), true, 'nothing is owed');
});

t.test('one that will not be published is not waited for', async (t) => {
  const count = new PublishCount();
  count.changed();
  let working = true;
  const waiting = count.wait(() => working);
  working = false;
  count.wake();
  t.equal(await waiting, false);
});
