import * as errno from './errno.ts';
import type { HandlerFaults } from './handler-faults.ts';
import type { Interest } from './interest.ts';
import type { Kernel } from './kernel.ts';
import { RECEIVE_BYTES } from './slab.ts';
import type { SecureLayer, Socket } from './socket.ts';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from './syscalls.ts';
import type { Writer } from './writer.ts';

/** Reads of what a peer had sent before it reset the connection; more than any receive buffer holds. */
const MAX_LAST_READS = 256;
/** With no more large chunks than this, reads are small. */
const FEW_CHUNKS = 8;
const SMALL_READ = 4096;

/** From what epoll reports of a connection to what its owner hears. One read per connection and turn. */
export class Dispatcher {
  readonly #kernel: Kernel;
  readonly #interest: Interest;
  readonly #writer: Writer;
  readonly #faults: HandlerFaults;

  constructor(kernel: Kernel, interest: Interest, writer: Writer, faults: HandlerFaults) {
    this.#kernel = kernel;
    this.#interest = interest;
    this.#writer = writer;
    this.#faults = faults;
  }

  /** @param mask the events, as epoll_wait(2) gives them */
  dispatch(socket: Socket, mask: number): void {
    try {
      this.#dispatch(socket, mask);
    } catch (error) {
      this.#faults.abandon(socket, error);
    }
  }

  /** Tells owners of failures that were found while writing. */
  reportFailures(): void {
    if (!this.#interest.hasFailures) return;
    for (const socket of this.#interest.takeFailed()) {
      try {
        this.#readLast(socket);
        if (socket.fd >= 0) socket.handler.onError(socket, socket.failure);
      } catch (error) {
        this.#faults.abandon(socket, error);
      }
    }
  }

  #dispatch(socket: Socket, mask: number): void {
    // A write earlier in this batch found it dead, and thereby took the error: a read would now take the RST for a FIN.
    if (socket.dead) return;
    // Connected by a write earlier in this batch: `onConnect` comes first, epoll reports the rest again.
    if (socket.unannounced) return;
    if (socket.tls !== null) return this.#dispatchSecure(socket, socket.tls, mask);
    if (socket.connecting) return this.#finishConnect(socket);
    if (socket.raw) return this.#dispatchRaw(socket, mask);
    if (mask & EPOLLOUT) {
      this.#writer.flush(socket);
      if (socket.fd < 0 || socket.dead || socket.raw) return;
    }
    if (mask & (EPOLLIN | EPOLLRDHUP) && !socket.paused && !socket.readClosed) return this.#read(socket);
    if (mask & EPOLLERR) this.#hangUp(socket);
    else if (mask & EPOLLHUP) this.#hungUp(socket);
  }

  #dispatchSecure(socket: Socket, tls: SecureLayer, mask: number): void {
    if (mask & EPOLLOUT && tls.established) {
      this.#writer.flush(socket);
      if (socket.fd < 0 || socket.dead) return;
    }
    if (tls.dispatch(mask)) return;
    if (mask & EPOLLERR) this.#hangUp(socket);
    else if (mask & EPOLLHUP) this.#hungUp(socket);
  }

  #dispatchRaw(socket: Socket, mask: number): void {
    if (mask & EPOLLERR) return this.#hangUp(socket);
    if (mask & EPOLLOUT) this.#writer.flush(socket);
    if (socket.fd < 0 || socket.dead || !socket.raw) return;
    if (mask & (EPOLLIN | EPOLLRDHUP) && !socket.paused && !socket.readClosed) socket.handler.onReadable(socket);
    else if (mask & EPOLLHUP) this.#hungUp(socket);
  }

  #read(socket: Socket): void {
    const { slab } = this.#kernel;
    // When buffers run short, small reads keep every connection moving instead of failing some.
    const length = slab.freeLargeChunks > FEW_CHUNKS ? RECEIVE_BYTES : SMALL_READ;
    const n = this.#kernel.receive(socket.fd, slab.receiveArea, length);
    if (n > 0) {
      socket.bytesRead += n;
      socket.handler.onData(socket, slab.receiveArea, n);
    } else if (n === 0) {
      this.#interest.markReadClosed(socket);
      socket.handler.onEnd(socket);
    } else if (n !== -errno.EAGAIN) this.#die(socket, -n);
  }

  #finishConnect(socket: Socket): void {
    const error = this.#kernel.takeSocketError(socket.fd);
    socket.connecting = false;
    if (error !== 0) return this.#die(socket, error);
    if (socket.pending === null && socket.writeClosed) this.#kernel.shutdownWrite(socket.fd);
    this.#interest.refresh(socket);
    socket.handler.onConnect(socket);
    if (socket.pending !== null) this.#writer.flush(socket);
  }

  /** Both directions are shut, but the owner may still have unread bytes, or work on the other side. */
  #hungUp(socket: Socket): void {
    if (!socket.readClosed) return this.#interest.park(socket);
    const error = this.#kernel.takeSocketError(socket.fd);
    if (error !== 0 || !socket.writeClosed) return this.#die(socket, error === 0 ? errno.EPIPE : error);
    // A clean end, of which the owner knows: nothing more can happen.
    this.#interest.silence(socket);
  }

  #hangUp(socket: Socket): void {
    const error = this.#kernel.takeSocketError(socket.fd);
    this.#die(socket, error === 0 ? errno.EPIPE : error);
  }

  #die(socket: Socket, error: number): void {
    this.#interest.silence(socket);
    socket.handler.onError(socket, error);
  }

  /** What the peer had sent before it went away still waits, and is often the answer that says why it went. */
  #readLast(socket: Socket): void {
    if (socket.failure !== errno.EPIPE && socket.failure !== errno.ECONNRESET) return;
    if (socket.connecting || socket.raw || socket.readClosed) return;
    if (socket.tls !== null) return socket.tls.readLast();
    const { slab } = this.#kernel;
    for (let i = 0; i < MAX_LAST_READS && socket.fd >= 0 && !socket.paused; i++) {
      const n = this.#kernel.receive(socket.fd, slab.receiveArea, RECEIVE_BYTES);
      if (n <= 0) return;
      socket.bytesRead += n;
      socket.handler.onData(socket, slab.receiveArea, n);
    }
  }
}
