import fc from 'fast-check';
import t from 'tap';
import { KeptBytes } from '../../../../../src/proxy/codec/http2/kept-bytes.ts';
import { MINIMUM_SLAB_BYTES, Slab, SlabExhausted } from '../../../../../src/reactor/slab.ts';

const create = (bytes: number): Slab => new Slab(new ArrayBuffer(bytes), 0, bytes);

t.test('bytes come out as they went in, whatever the pieces', (t) => {
  const slab = create(16 << 20);
  const sizes = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 20_000 }), (pieces, step) => {
      const kept = new KeptBytes(slab);
      let written = 0;
      for (const size of pieces) {
        for (let i = 0; i < size; i++) slab.bytes[slab.composeArea + i] = (written + i) * 31;
        kept.append(slab.composeArea, size, (written & 1) === 1);
        written += size;
      }
      let read = 0;
      while (kept.length > 0) {
        const n = Math.min(step, kept.contiguous);
        for (let i = 0; i < n; i++) {
          if (slab.bytes[kept.at + i] !== (((read + i) * 31) & 0xff)) throw new Error(`byte ${read + i} differs`);
        }
        kept.consume(n);
        read += n;
      }
      if (read !== written || kept.capacity !== 0) throw new Error(`${read} of ${written}, ${kept.capacity} held`);
      return slab.chunksInUse === 0;
    }),
    { numRuns: 100 },
  );
  t.pass('all alike');
  t.end();
});

t.test('a little takes a small chunk', (t) => {
  const slab = create(2 << 20);
  const kept = new KeptBytes(slab);
  kept.append(slab.composeArea, 100, false);
  t.equal(kept.capacity, 4096);
  kept.clear();
  t.equal(slab.chunksInUse, 0);
  t.end();
});

t.test('in thrift, 20 KB take four small chunks before the first large one', (t) => {
  const slab = create(4 << 20);
  const kept = new KeptBytes(slab);
  kept.append(slab.composeArea, 5_000, true);
  t.equal(kept.capacity, 2 * 4096);
  kept.append(slab.composeArea, 11_000, true);
  t.equal(kept.capacity, 4 * 4096);
  kept.append(slab.composeArea, 4_000, true);
  t.equal(kept.capacity, 4 * 4096 + 65_536);
  kept.clear();
  t.equal(slab.chunksInUse, 0);
  t.end();
});

t.test('without memory it throws, and what was taken can be given back', (t) => {
  const slab = create(MINIMUM_SLAB_BYTES + 64);
  const kept = new KeptBytes(slab);
  t.throws(() => {
    for (;;) kept.append(slab.composeArea, 65_536, false);
  }, new SlabExhausted('no buffer left'));
  kept.clear();
  t.equal(slab.chunksInUse, 0);
  t.equal(kept.capacity, 0);
  t.end();
});
