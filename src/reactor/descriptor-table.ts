/**
 * Every descriptor that a data thread holds, in shared memory: when the thread dies, main resets and closes them, and a
 * replacement starts clean. Descriptors are stored plus one, so that 0 means none. OpenSSL's objects lie behind them.
 */
import type { Kernel } from './kernel.ts';
import { bindLibssl } from './libssl.ts';
import { NativeTable } from './tls/native-table.ts';

const EPOLL = 0;
const RESERVE = 1;
const FIRST_SLOT = 2;
/** Per slot: the socket, and the read and write end of its splice pipe. */
const STRIDE = 3;

export class DescriptorTable {
  readonly shared: SharedArrayBuffer;
  /** Number of slots: the most sockets and listeners that a thread can hold. */
  readonly size: number;
  readonly natives: NativeTable;
  readonly #cells: Int32Array;

  constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.size = Math.floor(((shared.byteLength - bytesFor(0)) / (bytesFor(2) - bytesFor(0))) * 2);
    this.#cells = new Int32Array(shared, 0, FIRST_SLOT + STRIDE * this.size);
    this.natives = new NativeTable(shared, nativesAt(this.size), this.size);
  }

  static forSockets(count: number): DescriptorTable {
    return new DescriptorTable(new SharedArrayBuffer(bytesFor(count)));
  }

  setEpoll(fd: number): void {
    this.#cells[EPOLL] = fd + 1;
  }
  set(slot: number, fd: number): void {
    this.#cells[FIRST_SLOT + slot * STRIDE] = fd + 1;
  }
  clear(slot: number): void {
    this.#cells[FIRST_SLOT + slot * STRIDE] = 0;
  }
  setPipe(slot: number, read: number, write: number): void {
    this.#cells[FIRST_SLOT + slot * STRIDE + 1] = read + 1;
    this.#cells[FIRST_SLOT + slot * STRIDE + 2] = write + 1;
  }
  clearPipe(slot: number): void {
    this.setPipe(slot, -1, -1);
  }

  /** Keeps one descriptor in hand, so that accepting is possible (to refuse politely) when all others are used up. */
  takeReserve(kernel: Kernel): void {
    if (this.#cells[RESERVE] !== 0) return;
    const fd = kernel.eventDescriptor();
    if (fd >= 0) this.#cells[RESERVE] = fd + 1;
  }
  releaseReserve(kernel: Kernel): void {
    const fd = this.#cells[RESERVE] - 1;
    if (fd < 0) return;
    this.#cells[RESERVE] = 0;
    kernel.close(fd);
  }

  /** For main, after the thread is gone: RST to every peer, everything closed. Returns how many descriptors were closed. */
  closeAll(kernel: Kernel): number {
    let closed = 0;
    for (let i = 0; i < this.#cells.length; i++) {
      const fd = this.#cells[i] - 1;
      if (fd < 0) continue;
      this.#cells[i] = 0;
      if (i >= FIRST_SLOT && (i - FIRST_SLOT) % STRIDE === 0) kernel.lingerZero(fd);
      kernel.close(fd);
      closed++;
    }
    this.natives.freeAll(bindLibssl);
    return closed;
  }
}

/** Where the table of OpenSSL's objects begins, in bytes: behind the descriptors, aligned for 64-bit cells. */
function nativesAt(slots: number): number {
  return ((FIRST_SLOT + STRIDE * slots) * 4 + 7) & ~7;
}

function bytesFor(slots: number): number {
  return nativesAt(slots) + NativeTable.bytesFor(slots);
}
