import t from 'tap';
import { Output } from '../../../../../src/proxy/codec/http2/output.ts';
import { MINIMUM_SLAB_BYTES, Slab, SlabExhausted } from '../../../../../src/reactor/slab.ts';

interface Bench {
  readonly slab: Slab;
  readonly output: Output;
  readonly written: string[];
  full: boolean;
  flushes: number;
  reading: boolean;
}

function create(maxBlocked = 100, slabBytes = 2 << 20): Bench {
  const slab = new Slab(new ArrayBuffer(slabBytes), 0, slabBytes);
  const written: string[] = [];
  const port = {
    write: (at: number, length: number): boolean => {
      written.push(slab.bytes.toString('latin1', at, at + length));
      return !bench.full;
    },
    requestFlush: (): void => {
      bench.flushes++;
    },
    setReading: (on: boolean): void => {
      bench.reading = on;
    },
  };
  const bench: Bench = {
    slab,
    output: new Output(slab, port, maxBlocked),
    written,
    full: false,
    flushes: 0,
    reading: true,
  };
  return bench;
}

function put(output: Output, content: string): void {
  const at = output.reserve(content.length);
  output.bytes.write(content, at, 'latin1');
  output.commit(content.length);
}

t.test('what is composed in a turn leaves in one write, and the buffer goes back', (t) => {
  const { slab, output, written, ...bench } = create();
  for (const piece of ['a', 'b', 'c']) put(output, piece);
  t.same(written, []);
  t.equal(slab.chunksInUse, 1);
  output.flush();
  t.same(written, ['abc']);
  t.equal(slab.chunksInUse, 0);
  t.equal(bench.reading, true);
  t.end();
});

t.test('a flush is asked for once', (t) => {
  const bench = create();
  put(bench.output, 'a');
  put(bench.output, 'b');
  bench.output.requestFlush();
  t.equal(bench.flushes, 1);
  bench.output.flush();
  put(bench.output, 'c');
  t.equal(bench.flushes, 2);
  bench.output.discard();
  t.equal(bench.slab.chunksInUse, 0);
  t.end();
});

t.test('the buffer grows once, then what is composed leaves early', (t) => {
  const { output, written } = create();
  put(output, 'a'.repeat(4_000));
  put(output, 'b'.repeat(4_000));
  t.same(written, []);
  put(output, 'c'.repeat(60_000));
  t.same(
    written.map((one) => one.length),
    [8_000],
  );
  t.equal(output.wroteEarly, true);
  output.flush();
  t.equal(written.join(''), 'a'.repeat(4_000) + 'b'.repeat(4_000) + 'c'.repeat(60_000));
  t.equal(output.wroteEarly, false);
  t.end();
});

t.test('a full socket is noticed, and with too much waiting the peer is no longer read', (t) => {
  const bench = create(100);
  bench.full = true;
  put(bench.output, 'x');
  bench.output.flush();
  t.equal(bench.output.blocked, true);
  put(bench.output, 'y'.repeat(100));
  bench.output.flush();
  t.equal(bench.reading, true);
  put(bench.output, 'z');
  bench.output.flush();
  t.equal(bench.reading, false);
  bench.output.onDrain();
  t.equal(bench.reading, true);
  t.equal(bench.output.blocked, false);
  t.end();
});

t.test('when large buffers run out a small one does, and without any it says so', (t) => {
  const { slab, output, written } = create(100, MINIMUM_SLAB_BYTES + 64);
  while (slab.freeLargeChunks > 0) slab.allocate(65_536);
  put(output, 'a'.repeat(4_000));
  put(output, 'b'.repeat(4_000));
  t.same(
    written.map((one) => one.length),
    [4_000],
  );
  t.throws(() => output.reserve(5_000), new SlabExhausted('no buffer left'));
  output.flush();
  while (slab.freeSmallChunks > 0) slab.allocate(1);
  t.throws(() => output.reserve(1), new SlabExhausted('no buffer left'));
  t.end();
});
