import t from 'tap';
import { directoryKey, directoryPartOf, partOfDirectoryKey } from '../../../src/contract/directory-parts.ts';

t.test('keys of parts are read back, and nothing else is', async (t) => {
  for (const part of [0, 9, 63]) t.equal(partOfDirectoryKey(directoryKey(part)), part);
  for (const key of ['dir.', 'dir.00', 'dir.1a', 'dir.100', 'dir.-1', 'svc.a.b', '_meta', 'dir.1.2']) {
    t.equal(partOfDirectoryKey(key), null, key);
  }
});

t.test('the part of a service never changes, and the parts are about equal', async (t) => {
  t.equal(directoryPartOf('shop/orders', 1), 0);
  t.same(
    ['shop/orders', 'shop/stock', 'default/a'].map((key) => directoryPartOf(key, 64)),
    [59, 36, 38],
    'written down: agents and control of different versions must agree',
  );
  const counts = new Array<number>(64).fill(0);
  for (let i = 0; i < 10_000; i++)
    counts[directoryPartOf(`shop/service-${i}`, 64)] = (counts[directoryPartOf(`shop/service-${i}`, 64)] ?? 0) + 1;
  t.ok(Math.max(...counts) < 2 * (10_000 / 64), `the largest has ${Math.max(...counts)}`);
});
