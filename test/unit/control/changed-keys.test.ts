import t from 'tap';
import { ChangedKeys } from '../../../src/control/changed-keys.ts';

t.test('the newest generation of each key, until it is told', async (t) => {
  const changed = new ChangedKeys();
  changed.note('svc.a.b', 1);
  changed.note('svc.a.b', 2);
  changed.note('svc.a.c', 2);
  changed.forget('svc.a.c');
  t.same(changed.listed(), { 'svc.a.b': 2 });
  changed.clear();
  t.same(changed.listed(), {});
});

t.test('what an earlier run wrote is not known, and a long list is not told', async (t) => {
  const changed = new ChangedKeys();
  changed.markUnknown();
  t.equal(changed.listed(), null);
  changed.clear();
  for (let i = 0; i < 500; i++) changed.note(`svc.a.s${i}`, 1);
  t.equal(Object.keys(changed.listed() ?? {}).length, 500);
  changed.note('one.more', 1);
  t.equal(changed.listed(), null);
});
