import t from 'tap';
import { HeadParser } from '../../../../src/proxy/codec/http1/head.ts';
import { Http1Head } from '../../../../src/proxy/codec/http1/http1-head.ts';
import { createLlhttp } from '../../../../src/proxy/codec/http1/llhttp.ts';
import { Http2Head } from '../../../../src/proxy/codec/http2/http2-head.ts';
import { KeptHead } from '../../../../src/proxy/exchange/kept-head.ts';
import { divideMemory } from '../../../../src/proxy/exchange/parts.ts';
import { fieldsOf, makeHead, put, read } from '../support/memory.ts';

const llhttp = createLlhttp({ slabBytes: 4 * 1024 * 1024, parsers: 2 });
const { slab } = divideMemory(llhttp);
const words = new Int32Array(slab.memory);

t.test('a head reads the same after its bytes are gone', async (t) => {
  const kept = new KeptHead(slab, words);
  const head = makeHead(slab, { method: 'POST', target: '/a/b?c=d', authority: 'orders:80', scheme: 'https' }, [
    ['x-a', 'short'],
    ['x-long-name-of-a-field-with-many-letters', 'v'.repeat(3000)],
    ['authorization', ''],
    ['content-length', '77', 2],
  ]);
  head.fieldFlags[2] = 1;
  const fields = fieldsOf(slab, head);
  t.ok(kept.keep(head, true));
  t.equal(slab.chunksInUse, 1);
  slab.bytes.fill(0x2e, slab.receiveArea, slab.receiveArea + 8192);
  const restored = new Http2Head(64);
  restored.sectionId = 5;
  kept.restore(restored);
  t.same(fieldsOf(slab, restored), fields);
  t.equal(read(slab, restored.methodAt, restored.methodLength), 'POST');
  t.equal(read(slab, restored.targetAt, restored.targetLength), '/a/b?c=d');
  t.equal(read(slab, restored.pathAt, restored.pathLength), '/a/b');
  t.equal(read(slab, restored.queryAt, restored.queryLength), 'c=d');
  t.equal(read(slab, restored.authorityAt, restored.authorityLength), 'orders:80');
  t.equal(read(slab, restored.schemeAt, restored.schemeLength), 'https');
  t.match(restored, { contentLength: 77, isHead: false, isRequest: true, sectionId: 0 });
  t.same([...restored.fieldKind.subarray(0, 4)], [0, 0, 0, 2]);
  t.same([...restored.fieldFlags.subarray(0, 4)], [0, 0, 1, 0]);
  kept.release();
  t.equal(slab.chunksInUse, 0);
});

t.test('of a head of HTTP/1.1 only what is meant for the endpoint is kept', async (t) => {
  const parser = new HeadParser(llhttp);
  const text =
    'GET http://Orders/x?y HTTP/1.1\r\nHost: old\r\nConnection: x-hop, te\r\nX-Hop: 1\r\nX-Kept: 2\r\nTE: trailers\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\n\r\n';
  t.equal(parser.parseRequest(put(slab, text, slab.receiveArea), text.length), text.length);
  t.ok(parser.head instanceof Http1Head);
  const kept = new KeptHead(slab, words);
  t.ok(kept.keep(parser.head, true));
  const restored = new Http2Head(64);
  kept.restore(restored);
  t.same(fieldsOf(slab, restored), [
    ['X-Kept', '2'],
    ['TE', 'trailers'],
  ]);
  t.equal(read(slab, restored.authorityAt, restored.authorityLength), 'Orders');
  t.equal(read(slab, restored.pathAt, restored.pathLength), '/x');
  kept.release();
});

t.test('the beginning of a body is put behind the head as long as there is room', async (t) => {
  const kept = new KeptHead(slab, words);
  t.ok(kept.keep(makeHead(slab, {}, [['a', 'b']]), true));
  const at = put(slab, 'y'.repeat(5000), slab.receiveArea);
  t.ok(kept.appendBody(at, 1000));
  t.ok(kept.appendBody(at, 1000));
  t.notOk(kept.appendBody(at, 3000));
  t.equal(read(slab, kept.bodyAt, kept.bodyLength), 'y'.repeat(2000));
  kept.release();
});

t.test('a large head is kept only when it must be, and one larger than a chunk never', async (t) => {
  const kept = new KeptHead(slab, words);
  const large = makeHead(slab, {}, [['a', 'b'.repeat(10_000)]]);
  t.notOk(kept.keep(large, true));
  t.ok(kept.keep(large, false));
  kept.release();
  t.notOk(kept.keep(makeHead(slab, {}, [['a', 'b'.repeat(65_530)]]), false));
  t.equal(slab.chunksInUse, 0);
});
