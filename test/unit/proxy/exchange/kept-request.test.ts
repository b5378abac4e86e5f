import t from 'tap';
import { createLlhttp } from '../../../../src/proxy/codec/http1/llhttp.ts';
import { KeptRequest } from '../../../../src/proxy/exchange/kept-request.ts';
import { divideMemory, ExchangeParts } from '../../../../src/proxy/exchange/parts.ts';
import { DescriptorTable } from '../../../../src/reactor/descriptor-table.ts';
import { Kernel } from '../../../../src/reactor/kernel.ts';
import { Reactor } from '../../../../src/reactor/reactor.ts';
import { makeHead, put, read } from '../support/memory.ts';

const memory = divideMemory(createLlhttp({ slabBytes: 8 * 1024 * 1024, parsers: 2 }));
const { slab } = memory;
const parts = new ExchangeParts(memory, new Reactor(new Kernel(slab), DescriptorTable.forSockets(16), 10));

function bodyOf(kept: KeptRequest): string {
  let body = '';
  kept.forEachPiece((at, length) => {
    body += read(slab, at, length);
  });
  return body;
}

t.test('head, body and trailers come back in order, and everything is given back', async (t) => {
  const kept = new KeptRequest(parts);
  t.ok(kept.keepHead(makeHead(slab, { target: '/t' }, []), true));
  let expected = '';
  for (let i = 0; i < 50; i++) {
    const piece = String.fromCharCode(65 + (i % 26)).repeat(1000);
    expected += piece;
    t.ok(kept.keepBody(put(slab, piece, slab.receiveArea), piece.length, false));
  }
  t.equal(kept.bodyLength, expected.length);
  t.ok(bodyOf(kept) === expected);
  t.notOk(kept.hasTrailers);
  t.ok(kept.keepTrailers(makeHead(slab, {}, [['x-sum', '1']])));
  t.ok(kept.hasTrailers);
  const head = kept.restoreHead();
  t.equal(read(slab, head.targetAt, head.targetLength), '/t');
  const trailers = kept.restoreTrailers();
  t.equal(read(slab, trailers.valueAt[0], trailers.valueLength[0]), '1');
  kept.drop();
  t.equal(slab.chunksInUse, 0);
});

t.test('more than 64 KiB is kept only while nobody else has it', async (t) => {
  const kept = new KeptRequest(parts);
  kept.keepHead(makeHead(slab, {}, []), true);
  const at = put(slab, 'z'.repeat(60_000), slab.receiveArea);
  t.ok(kept.keepBody(at, 60_000, false));
  t.notOk(kept.keepBody(at, 60_000, false));
  t.ok(kept.keepBody(at, 60_000, true));
  t.equal(bodyOf(kept).length, 120_000);
  kept.drop();
  t.equal(slab.chunksInUse, 0);
});
