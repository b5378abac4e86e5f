import t from 'tap';
import { ChunkedPool } from '../../../../src/proxy/codec/http1/chunked.ts';
import {
  FRAMING_CHUNKED,
  FRAMING_LENGTH,
  FRAMING_NONE,
  FRAMING_UNTIL_CLOSE,
} from '../../../../src/proxy/codec/http1/http1-head.ts';
import { createLlhttp } from '../../../../src/proxy/codec/http1/llhttp.ts';
import { BodyReader } from '../../../../src/proxy/convert/body-reader.ts';
import { OwnHead } from '../../../../src/proxy/convert/own-head.ts';
import { divideMemory } from '../../../../src/proxy/exchange/parts.ts';
import { put, read } from '../support/memory.ts';

const llhttp = createLlhttp({ slabBytes: 4 * 1024 * 1024, parsers: 4 });
const { slab } = divideMemory(llhttp);
const pool = new ChunkedPool(llhttp);

/** Feeds the text in pieces of `step` bytes; null when refused. */
function drain(body: BodyReader, text: string, step: number): { data: string; used: number } | null {
  let data = '';
  let used = 0;
  while (used < text.length && !body.done) {
    const piece = text.slice(used, used + step);
    if (!body.read(put(slab, piece, slab.receiveArea), piece.length, slab.composeArea)) return null;
    data += read(slab, body.dataAt, body.dataLength);
    used += body.consumed;
  }
  return { data, used };
}

t.test('each framing ends where it should, whatever the pieces', async (t) => {
  const body = new BodyReader(pool, slab.bytes, true);
  for (const step of [1, 3, 100]) {
    body.start(FRAMING_LENGTH, 5);
    t.same(drain(body, 'helloGET /', step), { data: 'hello', used: 5 });
    t.ok(body.done);
    body.start(FRAMING_CHUNKED, -1);
    t.same(drain(body, '5;x=y\r\nhello\r\n3\r\n\r\n0\r\n0\r\n\r\nGET', step), { data: 'hello\r\n0', used: 27 });
    t.ok(body.done);
    t.notOk(body.hasTrailers);
    body.start(FRAMING_UNTIL_CLOSE, -1);
    t.same(drain(body, 'anything', step), { data: 'anything', used: 8 });
    t.notOk(body.done);
  }
  body.start(FRAMING_NONE, -1);
  t.ok(body.done);
  body.end();
});

t.test('trailers become fields with lower-case names and without blanks', async (t) => {
  const body = new BodyReader(pool, slab.bytes, false);
  for (const step of [1, 1000]) {
    body.start(FRAMING_CHUNKED, -1);
    t.match(drain(body, '1\r\nx\r\n0\r\nX-One:  a b \r\nHost: no\r\nx-two:\r\n\r\n', step), { data: 'x' });
    t.ok(body.hasTrailers);
    const head = new OwnHead(slab.bytes);
    body.readTrailers(head);
    const fields = Array.from({ length: head.fieldCount }, (_, i) => [
      read(slab, head.nameAt[i], head.nameLength[i]),
      read(slab, head.valueAt[i], head.valueLength[i]),
    ]);
    t.same(fields, [
      ['x-one', 'a b'],
      ['x-two', ''],
    ]);
  }
  body.end();
});

t.test('a malformed body is refused with a sentence, and decoders run out', async (t) => {
  const body = new BodyReader(pool, slab.bytes, true);
  body.start(FRAMING_CHUNKED, -1);
  t.equal(drain(body, 'zz\r\n', 100), null);
  t.match(body.refusal, /malformed/);
  body.end();
  const others = Array.from({ length: 100 }, () => new BodyReader(pool, slab.bytes, true));
  t.ok(others.some((other) => !other.start(FRAMING_CHUNKED, -1)));
  for (const other of others) other.end();
});
