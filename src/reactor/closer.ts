import type { DescriptorTable } from './descriptor-table.ts';
import type { Interest } from './interest.ts';
import type { Kernel } from './kernel.ts';
import { discard } from './output-queue.ts';
import type { SlotTable } from './slot-table.ts';
import type { Socket, SocketHandler } from './socket.ts';
import type { Timers } from './timers.ts';

/** How long a peer that got FIN may go on sending into the void, in ms. */
const LINGER_MS = 1_000;
/** How long the peer of a closing connection may take nothing of its last bytes, in ms. */
const FLUSH_LIMIT_MS = 30_000;

/** The ways a connection ends. The contract of each is told where owners call it, in reactor.ts. */
export class Closer {
  readonly #kernel: Kernel;
  readonly #descriptors: DescriptorTable;
  readonly #slots: SlotTable;
  readonly #interest: Interest;
  readonly #timers: Timers;
  /** Owner of a connection that nobody has taken over yet. */
  readonly unowned: SocketHandler = ownerThat((socket) => this.reset(socket));
  /** Owner of a connection that only waits for its last bytes to leave. */
  readonly #flushing: SocketHandler = {
    ...this.unowned,
    onTimeout: (socket) => this.#awaitFlush(socket) || this.reset(socket),
  };
  /** Owner of a connection whose peer has got its last answer. */
  readonly #discarding: SocketHandler = {
    ...ownerThat((socket) => this.reset(socket)),
    onDrain: (socket) => this.#timers.schedule(socket, LINGER_MS),
    onEnd: (socket) => this.close(socket),
    onTimeout: (socket) => this.#awaitFlush(socket) || this.destroy(socket),
  };

  constructor(kernel: Kernel, descriptors: DescriptorTable, slots: SlotTable, interest: Interest, timers: Timers) {
    this.#kernel = kernel;
    this.#descriptors = descriptors;
    this.#slots = slots;
    this.#interest = interest;
    this.#timers = timers;
  }

  end(socket: Socket): void {
    if (socket.fd < 0 || socket.writeClosed) return;
    socket.writeClosed = true;
    if (socket.pending === null && !socket.connecting && !socket.dead) this.endWriting(socket);
  }

  /** What was written is out: FIN, or the end of a connection that only waited for that. In TLS close_notify comes before. */
  endWriting(socket: Socket): void {
    // The kernel may be full; then this comes again when it is not.
    if (socket.tls !== null && !socket.tls.sendCloseNotify()) return this.#interest.refresh(socket);
    if (socket.closeWhenFlushed) this.destroy(socket);
    else this.#kernel.shutdownWrite(socket.fd);
  }

  close(socket: Socket): void {
    if (socket.fd < 0) return;
    const isDone = socket.pending === null && (socket.tls?.sendCloseNotify() ?? true);
    if (isDone || socket.dead) return this.destroy(socket);
    socket.closeWhenFlushed = true;
    socket.writeClosed = true;
    socket.released = true;
    socket.handler = this.#flushing;
    socket.paused = true;
    if (!this.#awaitFlush(socket)) this.#timers.schedule(socket, FLUSH_LIMIT_MS);
    this.#interest.refresh(socket);
  }

  closeGently(socket: Socket): void {
    if (socket.fd < 0) return;
    if (socket.readClosed || socket.dead) return this.close(socket);
    this.end(socket);
    socket.released = true;
    socket.handler = this.#discarding;
    if (!this.#awaitFlush(socket)) this.#timers.schedule(socket, LINGER_MS);
    this.#interest.resume(socket);
  }

  /** Gives a peer that still takes its last bytes more time. */
  #awaitFlush(socket: Socket): boolean {
    if (socket.pending === null || socket.flushMark === socket.bytesWritten) return false;
    socket.flushMark = socket.bytesWritten;
    this.#timers.schedule(socket, FLUSH_LIMIT_MS);
    return true;
  }

  reset(socket: Socket): void {
    if (socket.fd < 0) return;
    this.#kernel.lingerZero(socket.fd);
    this.destroy(socket);
  }

  /** Closes the descriptors of an open connection as they are. Main must never find one in the table that is closed already. */
  destroy(socket: Socket): void {
    const { fd, slot, pipe } = socket;
    discard(this.#kernel.slab, socket);
    socket.tls?.dispose();
    this.#timers.forget(socket);
    socket.fd = -1;
    this.#slots.vacate(slot);
    this.#descriptors.clear(slot);
    this.#kernel.close(fd);
    if (pipe === null) return;
    this.#descriptors.clearPipe(slot);
    pipe.close();
  }
}

/** A handler that ignores everything but the end of the connection. */
function ownerThat(onProblem: (socket: Socket) => void): SocketHandler {
  const nothing = (): void => {};
  return {
    onConnect: nothing,
    onData: nothing,
    onEnd: nothing,
    onDrain: nothing,
    onError: onProblem,
    onTimeout: onProblem,
    onReadable: nothing,
    onWritable: nothing,
  };
}
