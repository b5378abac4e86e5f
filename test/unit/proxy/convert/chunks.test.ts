import t from 'tap';
import { CHUNK_EXTRA, writeChunk, writeTrailers } from '../../../../src/proxy/convert/chunks.ts';
import { makeHead, makeSlab, put, read } from '../support/memory.ts';

const slab = makeSlab();
const out = slab.composeArea;

t.test('data becomes one chunk, and the end is written with it or alone', async (t) => {
  const at = put(slab, 'x'.repeat(300), slab.receiveArea);
  t.equal(read(slab, out, writeChunk(slab.bytes, at, 300, false, out)), `12c\r\n${'x'.repeat(300)}\r\n`);
  t.equal(read(slab, out, writeChunk(slab.bytes, at, 2, true, out)), '2\r\nxx\r\n0\r\n\r\n');
  t.equal(read(slab, out, writeChunk(slab.bytes, at, 0, true, out)), '0\r\n\r\n');
  t.equal(writeChunk(slab.bytes, at, 0, false, out), 0);
  t.ok(writeChunk(slab.bytes, at, 65_536, true, out) <= 65_536 + CHUNK_EXTRA);
});

t.test('trailers that would steer the message are left out, and a section that is too large altogether', async (t) => {
  const fields = [
    ['x-a', '1'],
    ['content-length', '9'],
    ['grpc-status', '0'],
    ['host', 'x'],
  ] as const;
  t.equal(
    read(slab, out, writeTrailers(slab.bytes, makeHead(slab, {}, fields), out)),
    '0\r\nx-a: 1\r\ngrpc-status: 0\r\n\r\n',
  );
  const large = makeHead(slab, {}, [['x-a', 'y'.repeat(9000)]]);
  t.equal(read(slab, out, writeTrailers(slab.bytes, large, out)), '0\r\n\r\n');
});
