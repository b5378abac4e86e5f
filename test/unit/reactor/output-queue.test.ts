import fc from 'fast-check';
import t from 'tap';
import { EAGAIN, EPIPE } from '../../../src/reactor/errno.ts';
import { Kernel } from '../../../src/reactor/kernel.ts';
import { discard, enqueue, flush } from '../../../src/reactor/output-queue.ts';
import {
  COMPOSE_BYTES,
  LARGE_CHUNK,
  MINIMUM_SLAB_BYTES,
  SlabExhausted,
  SMALL_CHUNK,
} from '../../../src/reactor/slab.ts';
import { Socket, type SocketHandler } from '../../../src/reactor/socket.ts';
import { bindCalls } from '../../../src/reactor/syscalls.ts';
import { pattern } from './support/peer.ts';
import { createSlab } from './support/world.ts';

const HANDLER: SocketHandler = {
  onConnect() {},
  onData() {},
  onEnd() {},
  onDrain() {},
  onError() {},
  onTimeout() {},
  onReadable() {},
  onWritable() {},
};

/** A socket whose write(2) takes what `take` says (negative: that errno) and keeps it in `sent`. */
class Bench {
  readonly slab = createSlab(MINIMUM_SLAB_BYTES + 64);
  readonly socket = new Socket(3, 0, 0, HANDLER, null);
  readonly sent: Buffer[] = [];
  take: (length: number) => number = (length) => length;
  readonly kernel: Kernel;

  constructor() {
    const calls = bindCalls();
    const base = this.slab.pointer(this.slab.start, 1) - BigInt(this.slab.start);
    const sendBytes = (_fd: number, pointer: bigint, length: number): number => {
      const n = this.take(length);
      if (n < 0) {
        calls.errnoCell[0] = -n;
        return -1;
      }
      const at = Number(pointer - base);
      this.sent.push(Buffer.from(this.slab.bytes.subarray(at, at + n)));
      return n;
    };
    this.kernel = new Kernel(this.slab, { ...calls, send: sendBytes });
  }

  put(bytes: Buffer): void {
    bytes.copy(this.slab.bytes, this.slab.composeArea);
    enqueue(this.slab, this.socket, this.slab.composeArea, bytes.length);
  }
  flush(): number {
    return this.socket.pending === null ? 1 : flush(this.kernel, this.socket, this.socket.pending);
  }
}

t.test('small pieces share a chunk, large ones take several', async (t) => {
  const bench = new Bench();
  for (let i = 0; i < 10; i++) bench.put(pattern(i, 0, 100));
  t.equal(bench.slab.chunksInUse, 1);
  bench.put(pattern(1, 0, COMPOSE_BYTES));
  t.equal(bench.socket.pendingBytes, 1000 + COMPOSE_BYTES);
  t.ok(bench.slab.chunksInUse <= 2 + COMPOSE_BYTES / LARGE_CHUNK);
  t.equal(bench.flush(), 1);
  const expected = [...Array.from({ length: 10 }, (_, i) => pattern(i, 0, 100)), pattern(1, 0, COMPOSE_BYTES)];
  t.ok(Buffer.concat(bench.sent).equals(Buffer.concat(expected)));
  t.equal(bench.socket.pending, null);
  t.equal(bench.socket.pendingBytes, 0);
  t.equal(bench.socket.bytesWritten, 1000 + COMPOSE_BYTES);
  t.equal(bench.slab.chunksInUse, 0);
});

t.test('a kernel that takes little is asked again later, from the very byte where it stopped', async (t) => {
  const bench = new Bench();
  bench.put(pattern(3, 0, 200_000));
  const steps = [1, 0, -EAGAIN, SMALL_CHUNK, 65535, 1];
  bench.take = (length) => Math.min(length, steps.shift() ?? length);
  let rounds = 0;
  while (bench.flush() !== 1) {
    t.equal(bench.socket.bytesWritten + bench.socket.pendingBytes, 200_000);
    if (++rounds > 20) break;
  }
  t.equal(rounds, 5);
  t.ok(Buffer.concat(bench.sent).equals(pattern(3, 0, 200_000)));
});

t.test('a failure is returned and loses nothing that discard would not give back', async (t) => {
  const bench = new Bench();
  bench.put(pattern(3, 0, 150_000));
  const answers = [65536, -EPIPE];
  bench.take = () => answers.shift() ?? -EPIPE;
  t.equal(bench.flush(), -EPIPE);
  t.equal(bench.socket.pendingBytes, 150_000 - 65536);
  discard(bench.slab, bench.socket);
  discard(bench.slab, bench.socket);
  t.equal(bench.slab.chunksInUse, 0);
  t.equal(bench.socket.pendingBytes, 0);
});

t.test('without room it says so, and what it had taken is given back by discard', async (t) => {
  const bench = new Bench();
  t.ok(fill(bench) instanceof SlabExhausted);
  t.equal(bench.slab.freeLargeChunks, 0);
  discard(bench.slab, bench.socket);
  t.equal(bench.slab.chunksInUse, 0);
});

function fill(bench: Bench): unknown {
  try {
    for (let i = 0; i < 1000; i++) bench.put(pattern(i, 0, COMPOSE_BYTES));
  } catch (error) {
    return error;
  }
  return null;
}

t.test('whatever is put in, and however the kernel takes it, comes out the same', async (t) => {
  const put = fc.record({ type: fc.constant('put' as const), bytes: fc.oneof(fc.nat(300), fc.nat(70_000)) });
  const drain = fc.record({ type: fc.constant('flush' as const), bytes: fc.integer({ min: -1, max: 80_000 }) });
  fc.assert(
    fc.property(fc.array(fc.oneof(put, drain), { maxLength: 20 }), (steps) => {
      const bench = new Bench();
      let total = 0;
      for (const { type, bytes } of steps) {
        if (type === 'put' && bytes > 0) {
          bench.put(pattern(9, total, bytes));
          total += bytes;
        } else {
          bench.take = (length) => (bytes < 0 ? -EAGAIN : Math.min(length, bytes));
          bench.flush();
        }
      }
      bench.take = (length) => length;
      bench.flush();
      return bench.slab.chunksInUse === 0 && Buffer.concat(bench.sent).equals(pattern(9, 0, total));
    }),
    { numRuns: 60 },
  );
  t.pass();
});
