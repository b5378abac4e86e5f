import t from 'tap';
import { UnreadBytes } from '../../../src/proxy/unread-bytes.ts';
import { MINIMUM_SLAB_BYTES, Slab } from '../../../src/reactor/slab.ts';

t.test('what was looked at is not new until more comes', (t) => {
  const slab = new Slab(new ArrayBuffer(2 * MINIMUM_SLAB_BYTES), 0, 2 * MINIMUM_SLAB_BYTES);
  const unread = new UnreadBytes(slab);
  t.notOk(unread.hasNew);
  slab.bytes.write('GET / HT', slab.receiveArea, 'latin1');
  unread.setAside(slab.receiveArea, 8);
  t.equal(unread.length, 8, 'kept');
  t.notOk(unread.hasNew);
  unread.append(slab.receiveArea, 3);
  t.ok(unread.hasNew);
  unread.setAside(unread.at, unread.length);
  t.equal(unread.length, 11, 'it was here already');
  t.notOk(unread.hasNew);
  unread.clear();
  t.end();
});
