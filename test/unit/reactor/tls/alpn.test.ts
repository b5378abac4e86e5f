import t from 'tap';
import { encodeProtocols, selectProtocol } from '../../../../src/reactor/tls/alpn.ts';

t.test('lists as they go over the wire', async (t) => {
  t.equal(encodeProtocols([]).length, 0);
  t.equal(encodeProtocols(['h2', 'http/1.1']).toString('latin1'), '\x02h2\x08http/1.1');
  t.throws(() => encodeProtocols(['']), RangeError);
  t.throws(() => encodeProtocols(['x'.repeat(256)]), RangeError);
  t.equal(encodeProtocols(['x'.repeat(255)]).length, 256);
});

t.test('our preference decides among what is offered', async (t) => {
  const offered = encodeProtocols(['spdy', 'http/1.1', 'h2']);
  t.same(selectProtocol(['h2', 'http/1.1'], offered), { at: 15, length: 2 });
  t.same(selectProtocol(['http/1.1', 'h2'], offered), { at: 6, length: 8 });
  t.equal(selectProtocol(['h3'], offered), null);
  t.equal(selectProtocol([], offered), null);
});

t.test('lists that break their own lengths are no match, and no harm', async (t) => {
  for (const hex of ['', '00', '0000', 'ff6832', '036832', '02683202', '02'])
    t.equal(selectProtocol(['h2x'], Buffer.from(hex, 'hex')), null);
  t.same(selectProtocol(['h2'], Buffer.from('00026832', 'hex')), { at: 2, length: 2 });
});
