/** Bytes of one connection that the kernel has not taken yet: whole chunks of the slab, in order. */
import { EAGAIN } from './errno.ts';
import type { Kernel } from './kernel.ts';
import { LARGE_CHUNK, type Slab } from './slab.ts';
import type { PendingChunk, Socket } from './socket.ts';

/** Copies `length` bytes from `at` behind what is already waiting. @throws SlabExhausted when no chunk is left. */
export function enqueue(slab: Slab, socket: Socket, at: number, length: number): void {
  socket.pending ??= [];
  let from = at;
  let left = length;
  const last = socket.pending.at(-1);
  if (last !== undefined) {
    const n = Math.min(left, last.chunk + slab.capacity(last.chunk) - last.to);
    slab.bytes.copyWithin(last.to, from, from + n);
    last.to += n;
    from += n;
    left -= n;
  }
  while (left > 0) {
    const chunk = slab.allocate(Math.min(left, LARGE_CHUNK));
    const n = Math.min(left, slab.capacity(chunk));
    slab.bytes.copyWithin(chunk, from, from + n);
    socket.pending.push({ chunk, from: chunk, to: chunk + n });
    from += n;
    left -= n;
  }
  socket.pendingBytes += length;
}

/** Sends what the kernel takes. Returns 1 when the queue is empty, 0 when the kernel is full, -errno on failure. */
export function flush(kernel: Kernel, socket: Socket, pending: PendingChunk[]): number {
  while (pending.length > 0) {
    const head = pending[0];
    const length = head.to - head.from;
    const n = socket.tls === null ? kernel.send(socket.fd, head.from, length) : socket.tls.send(head.from, length);
    if (n < 0) return n === -EAGAIN ? 0 : n;
    socket.bytesWritten += n;
    socket.pendingBytes -= n;
    head.from += n;
    if (head.from < head.to) return 0;
    kernel.slab.release(head.chunk);
    pending.shift();
  }
  socket.pending = null;
  return 1;
}

/** Forgets what was not sent. */
export function discard(slab: Slab, socket: Socket): void {
  if (socket.pending !== null) for (const { chunk } of socket.pending) slab.release(chunk);
  socket.pending = null;
  socket.pendingBytes = 0;
}
