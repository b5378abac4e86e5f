import t from 'tap';
import { HeldBytes } from '../../../../src/proxy/exchange/held-bytes.ts';
import { makeSlab, put, read } from '../support/memory.ts';

t.test('bytes come back in order over any number of chunks', async (t) => {
  const slab = makeSlab();
  const held = new HeldBytes(slab);
  let expected = '';
  for (const length of [1, 4095, 1, 65_536, 70, 30_000, 65_536]) {
    const text = String.fromCharCode(97 + (expected.length % 26)).repeat(length);
    held.append(put(slab, text, slab.receiveArea), length);
    expected += text;
  }
  t.equal(held.length, expected.length);
  let got = '';
  held.forEach((at, length) => {
    got += read(slab, at, length);
  });
  t.ok(got === expected);
  held.clear();
  t.equal(slab.chunksInUse, 0);
  t.equal(held.length, 0);
});

t.test('no memory left is said, and what was kept can be given back', async (t) => {
  const slab = makeSlab();
  const held = new HeldBytes(slab);
  t.throws(
    () => {
      for (;;) held.append(slab.receiveArea, 65_536);
    },
    { message: 'no buffer left' },
  );
  held.clear();
  t.equal(slab.chunksInUse, 0);
});
