/**
 * One direction of a bulk relay inside the kernel: socket -> pipe -> socket by splice(2), no copy to user space. The owner
 * calls `pump` when the source is readable or the target writable.
 */
import { EAGAIN } from './errno.ts';
import type { Kernel } from './kernel.ts';
import type { Socket } from './socket.ts';

/** Bytes asked of one splice, and of the pipe (fs.pipe-max-size allows 1 MiB by default). */
const PIPE_BYTES = 1 << 20;
/** Splices per call: bounded work per connection and turn. */
const ROUNDS = 4;

export type PumpResult =
  /** The source has nothing more for now. */
  | 'drained'
  /** The target takes no more: wait for writability, stop reading the source. */
  | 'blocked'
  /** The source sent FIN and everything before it has been passed on. */
  | 'ended'
  /** The work allowed in one turn is done; more waits. */
  | 'yield'
  | { readonly side: 'source' | 'target'; readonly errno: number };

export class SplicePipe {
  readonly #kernel: Kernel;
  readonly #capacity: number;
  #read: number;
  #write: number;
  /** Bytes in the pipe. */
  held = 0;
  /** Bytes that may still be taken from the source: a body of known length shares its connection with what follows. */
  left = Number.POSITIVE_INFINITY;
  /** The source has sent FIN. */
  ended = false;

  private constructor(kernel: Kernel, capacity: number, read: number, write: number) {
    this.#kernel = kernel;
    this.#capacity = capacity;
    this.#read = read;
    this.#write = write;
  }

  /** Opens a pipe for `capacity` bytes; null when descriptors are short (the caller goes on copying). */
  static open(kernel: Kernel, capacity = PIPE_BYTES): SplicePipe | null {
    if (kernel.pipe() < 0) return null;
    const { read, write } = kernel.pipeEnds();
    kernel.setPipeSize(write, capacity);
    return new SplicePipe(kernel, capacity, read, write);
  }

  get descriptors(): { readonly read: number; readonly write: number } {
    return { read: this.#read, write: this.#write };
  }

  /**
   * Moves what can be moved from `source` to `target` now. Counts bytes on both sockets.
   * @param once the source gathers bytes: leave what arrives meanwhile to the next call
   */
  pump(source: Socket, target: Socket, once: boolean): PumpResult {
    for (let i = 0; i < ROUNDS; i++) {
      const filled = this.ended ? 0 : this.#fill(source);
      if (filled < 0 && filled !== -EAGAIN) return { side: 'source', errno: -filled };
      const emptied = this.#empty(target);
      if (emptied < 0 && emptied !== -EAGAIN) return { side: 'target', errno: -emptied };
      if (this.held > 0) return 'blocked';
      if (this.ended) return 'ended';
      if (filled === -EAGAIN || (once && filled < this.#capacity)) return 'drained';
    }
    return 'yield';
  }

  /** Only for a pipe that was not given to a connection (`Reactor.setRaw`), which closes it itself. */
  close(): void {
    this.#kernel.close(this.#read);
    this.#kernel.close(this.#write);
    // The numbers may soon mean something else.
    this.#read = -1;
    this.#write = -1;
  }

  #fill(source: Socket): number {
    // A pipe counts pages, and a page of the network may be of 32 KiB: without our own limit it would hold up to 8 MiB.
    const room = Math.min(this.#capacity - this.held, this.left);
    if (source.readClosed || room === 0) return -EAGAIN;
    const n = this.#kernel.splice(source.fd, this.#write, room);
    if (n > 0) {
      source.bytesRead += n;
      this.held += n;
      this.left -= n;
    } else if (n === 0) this.ended = true;
    // A full pipe also says EAGAIN; `held` tells the two apart.
    return n;
  }

  #empty(target: Socket): number {
    while (this.held > 0) {
      const n = this.#kernel.splice(this.#read, target.fd, this.held);
      if (n <= 0) return n === 0 ? -EAGAIN : n;
      target.bytesWritten += n;
      this.held -= n;
    }
    return 0;
  }
}
