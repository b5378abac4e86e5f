import type { Closer } from './closer.ts';
import type { Dialler } from './dialler.ts';
import * as errno from './errno.ts';
import type { Interest } from './interest.ts';
import type { Kernel } from './kernel.ts';
import { enqueue, flush } from './output-queue.ts';
import { SlabExhausted } from './slab.ts';
import type { Socket } from './socket.ts';

/** Bytes on their way out: straight to the kernel, or through the connection's queue when the kernel is full. */
export class Writer {
  readonly #kernel: Kernel;
  readonly #interest: Interest;
  readonly #dialler: Dialler;
  readonly #closer: Closer;

  constructor(kernel: Kernel, interest: Interest, dialler: Dialler, closer: Closer) {
    this.#kernel = kernel;
    this.#interest = interest;
    this.#dialler = dialler;
    this.#closer = closer;
  }

  write(socket: Socket, at: number, length: number): boolean {
    if (socket.fd < 0 || socket.writeClosed || length === 0) return true;
    if (socket.dead) {
      // Refused earlier in this turn and not yet reported: these bytes were not delivered either.
      if (socket.connecting) this.#keep(socket, at, length);
      return true;
    }
    if (socket.pending !== null) return this.#enqueue(socket, at, length);
    const n = socket.tls === null ? this.#kernel.send(socket.fd, at, length) : socket.tls.send(at, length);
    if (n >= 0 && socket.connecting) this.#dialler.connectedByWrite(socket);
    if (n === length) {
      socket.bytesWritten += n;
      return true;
    }
    if (n >= 0) {
      socket.bytesWritten += n;
      return this.#enqueue(socket, at + n, length - n);
    }
    if (n === -errno.EAGAIN) return this.#enqueue(socket, at, length);
    this.#interest.fail(socket, -n);
    // Refused while connecting: the bytes were not delivered and may go elsewhere (see movePending).
    if (socket.connecting) this.#keep(socket, at, length);
    return true;
  }

  /** Sends what waits, as far as the kernel takes it, and tells the owner when nothing is left. */
  flush(socket: Socket): void {
    if (socket.fd < 0 || socket.dead) return;
    if (socket.pending === null) {
      if (socket.tls?.owesCloseNotify) return void this.#closer.endWriting(socket);
      return socket.wantsWritable ? socket.handler.onWritable(socket) : this.#interest.refresh(socket);
    }
    const r = flush(this.#kernel, socket, socket.pending);
    if (r < 0) this.#interest.fail(socket, -r);
    if (r <= 0) return;
    this.#interest.refresh(socket);
    if (socket.writeClosed) this.#closer.endWriting(socket);
    if (socket.fd >= 0) socket.handler.onDrain(socket);
  }

  movePending(from: Socket, to: Socket): void {
    // Some of the bytes found no room: going on without them would corrupt the stream.
    if (from.failure === errno.ENOBUFS) return this.#interest.fail(to, errno.ENOBUFS);
    to.pending = to.pending === null ? from.pending : to.pending.concat(from.pending ?? []);
    to.pendingBytes += from.pendingBytes;
    from.pending = null;
    from.pendingBytes = 0;
    if (from.writeClosed) this.#closer.end(to);
    this.#interest.refresh(to);
  }

  #enqueue(socket: Socket, at: number, length: number): boolean {
    try {
      enqueue(this.#kernel.slab, socket, at, length);
    } catch (error) {
      if (!(error instanceof SlabExhausted)) throw error;
      this.#interest.fail(socket, errno.ENOBUFS);
      return true;
    }
    if (!socket.connecting) this.#interest.refresh(socket);
    return false;
  }

  /** Keeps bytes that a refused connection did not deliver; when they find no room, the failure says so. */
  #keep(socket: Socket, at: number, length: number): void {
    try {
      enqueue(this.#kernel.slab, socket, at, length);
    } catch (error) {
      if (!(error instanceof SlabExhausted)) throw error;
      socket.failure = errno.ENOBUFS;
    }
  }
}
