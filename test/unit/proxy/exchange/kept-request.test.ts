import t from 'tap';
import { HeadParser } from '../../../../src/proxy/codec/http1/head.ts';
import { createLlhttp } from '../../../../src/proxy/codec/http1/llhttp.ts';
import { KeptRequest } from '../../../../src/proxy/exchange/kept-request.ts';
import { divideMemory, ExchangeParts } from '../../../../src/proxy/exchange/parts.ts';
import { DescriptorTable } from '../../../../src/reactor/descriptor-table.ts';
import { Kernel } from '../../../../src/reactor/kernel.ts';
import { Reactor } from '../../../../src/reactor/reactor.ts';
import { makeHead, put, read } from '../support/memory.ts';

const llhttp = createLlhttp({ slabBytes: 8 * 1024 * 1024, parsers: 2 });
const memory = divideMemory(llhttp);
const { slab } = memory;
const parts = new ExchangeParts(memory, new Reactor(new Kernel(slab), DescriptorTable.forSockets(16), 10));
const parser = new HeadParser(llhttp);

/** What follows the head, as it is sent: body, trailers, and where it ended. */
function sent(kept: KeptRequest, whole: boolean): { body: string; ends: number; trailers: string } {
  const result = { body: '', ends: 0, trailers: '' };
  kept.sendBody(
    {
      sendData: (at, length, end) => {
        result.body += read(slab, at, length);
        if (end) result.ends++;
        return true;
      },
      sendTrailers: (head) => {
        result.trailers = read(slab, head.valueAt[0], head.valueLength[0]);
      },
    },
    whole,
  );
  return result;
}

t.test('head, body and trailers come back in order, and everything is given back', async (t) => {
  const kept = new KeptRequest(parts);
  t.ok(kept.keepHead(makeHead(slab, { target: '/t' }, []), true, 'http2'));
  let expected = '';
  for (let i = 0; i < 50; i++) {
    const piece = String.fromCharCode(65 + (i % 26)).repeat(1000);
    expected += piece;
    kept.addBody(put(slab, piece, slab.receiveArea), piece.length);
  }
  t.equal(kept.bodyLength, expected.length);
  t.same(sent(kept, true), { body: expected, ends: 1, trailers: '' });
  t.same(sent(kept, false).ends, 0, 'more is to come');
  kept.addTrailers(makeHead(slab, {}, [['x-sum', '1']]));
  const head = kept.restoreHead(parser);
  t.equal(head === null ? '' : read(slab, head.targetAt, head.targetLength), '/t');
  t.same(sent(kept, true), { body: expected, ends: 0, trailers: '1' }, 'the trailers are the end');
  kept.drop();
  t.notOk(kept.isKept);
  t.equal(kept.restoreHead(parser), null);
  t.equal(slab.chunksInUse, 0);
});

t.test('more than 64 KiB is kept only while nobody else has it', async (t) => {
  const kept = new KeptRequest(parts);
  t.ok(kept.wait(makeHead(slab, {}, []), 'http2'));
  const at = put(slab, 'z'.repeat(60_000), slab.receiveArea);
  kept.addBody(at, 60_000);
  kept.addBody(at, 60_000);
  t.equal(kept.bodyLength, 120_000);
  kept.isWaiting = false;
  kept.addBody(at, 1);
  t.notOk(kept.isKept);
  kept.addBody(at, 60_000);
  kept.addTrailers(makeHead(slab, {}, [['x-sum', '1']]));
  t.notOk(kept.hasMore);
  t.equal(slab.chunksInUse, 0);
});

t.test('a head of HTTP/1.1 that stays HTTP/1.1 is kept to the letter, but for what concerns one hop', async (t) => {
  const text = 'POST /a HTTP/1.1\r\nX-One:  1 \r\nhOST: Orders\r\nConnection: close\r\nContent-Length: 3\r\n\r\n';
  parser.parseRequest(put(slab, text, slab.receiveArea), text.length);
  const kept = new KeptRequest(parts);
  t.ok(kept.keepHead(parser.head, false, 'http1'));
  kept.addBody(put(slab, 'abc', slab.receiveArea), 3);
  parser.head.reset(true);
  t.equal(kept.restoreHead(parser), parser.head);
  const { startAt, endAt, contentLength } = parser.head;
  t.equal(read(slab, startAt, endAt - startAt), text.replace('Connection: close\r\n', ''));
  t.equal(contentLength, 3);
  t.equal(sent(kept, true).body, 'abc');
  kept.drop();
  t.equal(slab.chunksInUse, 0);
});

t.test('bodies are not kept while less than half of the large buffers is free', async (t) => {
  const taken: number[] = [];
  while (slab.freeLargeChunks * 2 >= slab.largeChunks) taken.push(slab.allocate(65_536));
  const kept = new KeptRequest(parts);
  t.ok(kept.keepHead(makeHead(slab, {}, []), true, 'http2'));
  kept.addBody(put(slab, 'x'.repeat(100), slab.receiveArea), 100);
  t.ok(kept.isKept, 'what lies behind the head costs nothing');
  kept.addBody(put(slab, 'x'.repeat(5_000), slab.receiveArea), 5_000);
  t.notOk(kept.isKept);
  t.ok(kept.wait(makeHead(slab, {}, []), 'http2'));
  kept.addBody(put(slab, 'x'.repeat(5_000), slab.receiveArea), 5_000);
  t.equal(kept.bodyLength, 5_000, 'nobody else has it');
  kept.drop();
  for (const chunk of taken) slab.release(chunk);
  t.equal(slab.chunksInUse, 0);
});
