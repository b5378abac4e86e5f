/** Unconnected sockets with SO_MARK for the main thread: Node's own sockets offer no way to set it. */
import { describeErrno } from './errno.ts';
import { Kernel } from './kernel.ts';
import { MINIMUM_SLAB_BYTES, Slab } from './slab.ts';
import { SO_MARK, SOL_SOCKET } from './syscalls.ts';

export class MarkedSockets {
  readonly #mark: number;
  readonly #kernel: Kernel;

  constructor(mark: number) {
    this.#mark = mark;
    const memory = new ArrayBuffer(MINIMUM_SLAB_BYTES + 64);
    this.#kernel = new Kernel(new Slab(memory, 0, memory.byteLength));
  }

  /**
   * The descriptor of a new non-blocking TCP socket; the caller closes it.
   * @throws Error when the system has no descriptor left, or the process may not set marks (CAP_NET_ADMIN)
   */
  open(family: 4 | 6): number {
    const fd = this.#kernel.socket(family);
    if (fd < 0) throw new Error(`cannot open a socket: ${describeErrno(-fd)}`);
    const marked = this.#kernel.setOption(fd, SOL_SOCKET, SO_MARK, this.#mark);
    if (marked >= 0) return fd;
    this.#kernel.close(fd);
    throw new Error(`cannot mark a socket: ${describeErrno(-marked)}`);
  }
}
