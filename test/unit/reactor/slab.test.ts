import t from 'tap';
import {
  COMPOSE_BYTES,
  LARGE_CHUNK,
  MINIMUM_SLAB_BYTES,
  RECEIVE_BYTES,
  Slab,
  SlabExhausted,
  SMALL_CHUNK,
} from '../../../src/reactor/slab.ts';
import { addressOf } from '../../../src/reactor/syscalls.ts';

const BYTES = MINIMUM_SLAB_BYTES + 64;

t.test('a slab that is too small, or not inside its memory, is refused', async (t) => {
  const memory = new ArrayBuffer(BYTES);
  t.throws(() => new Slab(memory, 0, MINIMUM_SLAB_BYTES - 1), /at least/);
  t.throws(() => new Slab(memory, -64, BYTES), /inside its memory/);
  t.throws(() => new Slab(memory, 0, BYTES + 1), /inside its memory/);
});

t.test('offsets are absolute in the memory, areas do not overlap, and pointers are base plus offset', async (t) => {
  const memory = new ArrayBuffer(BYTES + 1000);
  const slab = new Slab(memory, 1000, BYTES + 1000);
  const base = addressOf(memory);
  t.equal(slab.start, 1024, 'rounded up to 64');
  t.ok(slab.scratch >= slab.start && slab.receiveArea > slab.scratch);
  t.equal(slab.composeArea, slab.receiveArea + RECEIVE_BYTES);
  for (const offset of [slab.scratch, slab.scratch + 7, slab.receiveArea, slab.composeArea, slab.composeArea + 1]) {
    t.equal(slab.pointer(offset, 1), base + BigInt(offset));
    t.equal(slab.pointer(offset, 1), base + BigInt(offset), 'the same when asked again');
  }
  const chunk = slab.allocate(1);
  t.ok(chunk >= slab.composeArea + COMPOSE_BYTES, 'chunks lie behind the areas');
  slab.bytes[chunk] = 77;
  t.equal(slab.view.getUint8(chunk), 77, 'bytes and view are the same memory');
});

t.test('cached pointers of chunks are right for every chunk, in any order, and after reuse', async (t) => {
  const memory = new ArrayBuffer(BYTES);
  const slab = new Slab(memory, 0, BYTES);
  const base = addressOf(memory);
  const all = takeAll(slab);
  for (const offset of [...all].reverse()) {
    if (slab.pointer(offset, SMALL_CHUNK) !== base + BigInt(offset)) t.fail(`pointer of ${offset}`);
    if (slab.pointer(offset + 1, 1) !== base + BigInt(offset) + 1n) t.fail(`pointer inside ${offset}`);
    slab.release(offset);
  }
  for (const offset of takeAll(slab)) {
    if (slab.pointer(offset, 1) !== base + BigInt(offset)) t.fail(`pointer of ${offset} after reuse`);
  }
  t.pass();
});

t.test('no pointer leaves the slab', async (t) => {
  const slab = new Slab(new ArrayBuffer(BYTES), 0, BYTES);
  const bad: readonly (readonly [number, number])[] = [
    [slab.start - 1, 1],
    [-1, 1],
    [slab.end, 1],
    [slab.end - 1, 2],
    [slab.receiveArea, BYTES],
    [slab.start, -1],
    [Number.NaN, 1],
    [slab.start, Number.NaN],
    [Number.POSITIVE_INFINITY, 1],
  ];
  for (const [offset, length] of bad) t.throws(() => slab.pointer(offset, length), RangeError, `${offset} + ${length}`);
  t.doesNotThrow(() => slab.pointer(slab.end - 1, 1), 'the last byte');
  t.doesNotThrow(() => slab.pointer(slab.end, 0), 'nothing at the end');
});

t.test('every chunk is handed out once, whole, inside the slab, and none overlaps another', async (t) => {
  const slab = new Slab(new ArrayBuffer(BYTES), 0, BYTES);
  const taken = takeAll(slab).map((offset) => ({ offset, end: offset + slab.capacity(offset) }));
  t.equal(taken.length, slab.totalChunks);
  t.equal(slab.chunksInUse, slab.totalChunks);
  taken.sort((a, b) => a.offset - b.offset);
  for (let i = 0; i < taken.length; i++) {
    const { offset, end } = taken[i] ?? { offset: 0, end: 0 };
    if (end > slab.end || offset < slab.composeArea + COMPOSE_BYTES) t.fail(`${offset} lies outside`);
    if (end > (taken[i + 1]?.offset ?? Number.POSITIVE_INFINITY)) t.fail(`${offset} overlaps the next chunk`);
  }
  for (const bytes of [1, LARGE_CHUNK]) t.ok(failureOf(() => slab.allocate(bytes)) instanceof SlabExhausted);
  for (const { offset } of taken) slab.release(offset);
  t.equal(slab.chunksInUse, 0);
  t.equal(takeAll(slab).length, taken.length, 'all of them again');
});

t.test('the size asked for decides the kind; small requests fall back to large chunks', async (t) => {
  const slab = new Slab(new ArrayBuffer(BYTES), 0, BYTES);
  t.equal(slab.capacity(slab.allocate(SMALL_CHUNK)), SMALL_CHUNK);
  t.equal(slab.capacity(slab.allocate(SMALL_CHUNK + 1)), LARGE_CHUNK);
  while (slab.freeSmallChunks > 0) slab.allocate(1);
  t.equal(slab.capacity(slab.allocate(1)), LARGE_CHUNK);
  t.throws(() => slab.allocate(LARGE_CHUNK + 1), RangeError);
});

t.test('releasing twice, or what is no chunk, is caught', async (t) => {
  const slab = new Slab(new ArrayBuffer(BYTES), 0, BYTES);
  const small = slab.allocate(1);
  const large = slab.allocate(LARGE_CHUNK);
  for (const chunk of [small, large]) {
    t.throws(() => slab.release(chunk + 1), /not a chunk in use/, 'inside a chunk');
    slab.release(chunk);
    t.throws(() => slab.release(chunk), /not a chunk in use/, 'twice');
  }
  for (const offset of [-4096, 0, slab.receiveArea, slab.end, slab.end + LARGE_CHUNK]) {
    t.throws(() => slab.release(offset), /not a chunk in use/, `${offset}`);
  }
  t.equal(slab.chunksInUse, 0);
});

function takeAll(slab: Slab): number[] {
  const all: number[] = [];
  while (slab.freeLargeChunks > 0) all.push(slab.allocate(LARGE_CHUNK));
  while (slab.freeSmallChunks > 0) all.push(slab.allocate(SMALL_CHUNK));
  return all;
}

function failureOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return null;
}
