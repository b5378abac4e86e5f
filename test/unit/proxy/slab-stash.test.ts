import t from 'tap';
import { SlabStash } from '../../../src/proxy/slab-stash.ts';
import { MINIMUM_SLAB_BYTES, Slab, SlabExhausted } from '../../../src/reactor/slab.ts';

function make(): { slab: Slab; stash: SlabStash; text(): string; put(text: string): boolean } {
  const memory = new ArrayBuffer(MINIMUM_SLAB_BYTES + 64);
  const slab = new Slab(memory, 0, memory.byteLength);
  const stash = new SlabStash(slab);
  const put = (text: string): boolean =>
    stash.append(slab.receiveArea, slab.bytes.write(text, slab.receiveArea, 'latin1'));
  return { slab, stash, put, text: () => slab.bytes.toString('latin1', stash.at, stash.at + stash.length) };
}

t.test('bytes are kept in order while it grows from a small chunk to a large one', async (t) => {
  const { slab, stash, put, text } = make();
  let all = '';
  for (let i = 0; all.length < 60_000; i++) {
    const piece = `${i},`.repeat(200);
    t.ok(put(piece) || t.fail());
    all += piece;
  }
  t.ok(text() === all);
  t.equal(slab.chunksInUse, 1);
  stash.clear();
  t.equal(slab.chunksInUse, 0);
});

t.test('room at the front is used again, and the last byte consumed frees the chunk', async (t) => {
  const { slab, stash, put, text } = make();
  put('a'.repeat(4000));
  stash.consume(3990);
  put('b'.repeat(4000));
  t.equal(text(), 'a'.repeat(10) + 'b'.repeat(4000));
  t.equal(slab.capacity(stash.at - (stash.at % 4096)), 4096, 'without a larger chunk');
  stash.consume(4010);
  t.equal(slab.chunksInUse, 0);
  t.equal(stash.length, 0);
});

t.test('64 KiB fit exactly; one byte more is refused whole', async (t) => {
  const { stash, put } = make();
  t.ok(put('x'.repeat(65_535)));
  t.notOk(put('yy'));
  t.equal(stash.length, 65_535);
  t.ok(put('y'));
  t.notOk(put('z'));
});

t.test('out of chunks it throws and keeps what it had', async (t) => {
  const { slab, put, text } = make();
  put('first');
  const held: number[] = [];
  while (slab.freeLargeChunks > 0) held.push(slab.allocate(65_536));
  while (slab.freeSmallChunks > 0) held.push(slab.allocate(4096));
  let thrown: unknown = null;
  try {
    put('x'.repeat(5000));
  } catch (error) {
    thrown = error;
  }
  t.ok(thrown instanceof SlabExhausted);
  t.equal(text(), 'first');
});
