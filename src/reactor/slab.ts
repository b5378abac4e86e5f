import { addressOf } from './syscalls.ts';

export const SMALL_CHUNK = 4096;
export const LARGE_CHUNK = 65536;

/** Bytes asked of one recv(2). */
export const RECEIVE_BYTES = 65536;
/** Room to compose one outgoing message: a received piece re-framed, plus a head. */
export const COMPOSE_BYTES = 3 * 65536;
const SCRATCH_BYTES = 8192;

/** A slab must hold at least the fixed areas and a few chunks. */
export const MINIMUM_SLAB_BYTES = SCRATCH_BYTES + RECEIVE_BYTES + COMPOSE_BYTES + 16 * LARGE_CHUNK;

/** No chunk is left: the connection that asked fails, the others go on. */
export class SlabExhausted extends Error {}

/**
 * One block of memory that the kernel, llhttp and TypeScript share. Offsets are absolute in the underlying buffer (so that
 * they equal WASM pointers); every offset that reaches the kernel is checked against the slab's bounds here.
 */
export class Slab {
  readonly memory: ArrayBuffer;
  /** View over the whole memory: index == offset. */
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
  /** Scratch for addresses, options and epoll records; contents live for one call only. */
  readonly scratch: number;
  readonly receiveArea: number;
  readonly composeArea: number;
  readonly #base: bigint;
  readonly #receivePointer: bigint;
  readonly #composePointer: bigint;
  readonly #smallStart: number;
  readonly #largeStart: number;
  readonly #pointers: Array<bigint | undefined>;
  readonly #freeSmall: Int32Array;
  readonly #freeLarge: Int32Array;
  /** 1 while a chunk is handed out, so that releasing it twice is caught at once. */
  readonly #used: Uint8Array;
  #smallCount: number;
  #largeCount: number;

  /** @param start inclusive, @param end exclusive: the part of `memory` that belongs to the slab. */
  constructor(memory: ArrayBuffer, start: number, end: number) {
    if (start < 0 || end > memory.byteLength || end - start < MINIMUM_SLAB_BYTES) {
      throw new Error(`the slab needs at least ${MINIMUM_SLAB_BYTES} bytes inside its memory`);
    }
    this.memory = memory;
    this.bytes = Buffer.from(memory);
    this.view = new DataView(memory);
    this.#base = addressOf(memory);
    this.start = (start + 63) & ~63;
    this.end = end;
    this.scratch = this.start;
    this.receiveArea = this.scratch + SCRATCH_BYTES;
    this.composeArea = this.receiveArea + RECEIVE_BYTES;
    this.#receivePointer = this.#base + BigInt(this.receiveArea);
    this.#composePointer = this.#base + BigInt(this.composeArea);
    this.#smallStart = this.composeArea + COMPOSE_BYTES;
    const pool = this.end - this.#smallStart;
    this.#smallCount = Math.floor(pool / 4 / SMALL_CHUNK);
    this.#largeStart = this.#smallStart + this.#smallCount * SMALL_CHUNK;
    this.#largeCount = Math.floor((this.end - this.#largeStart) / LARGE_CHUNK);
    this.#freeSmall = descending(this.#smallCount);
    this.#freeLarge = descending(this.#largeCount);
    this.#used = new Uint8Array(this.#smallCount + this.#largeCount);
    this.#pointers = new Array<bigint | undefined>(this.#used.length);
  }

  get freeSmallChunks(): number {
    return this.#smallCount;
  }
  get freeLargeChunks(): number {
    return this.#largeCount;
  }
  get smallChunks(): number {
    return this.#freeSmall.length;
  }
  get largeChunks(): number {
    return this.#freeLarge.length;
  }
  get totalChunks(): number {
    return this.#used.length;
  }
  get chunksInUse(): number {
    return this.#used.length - this.#smallCount - this.#largeCount;
  }

  /**
   * The machine address of `offset`, checked so that `length` bytes from it lie inside the slab.
   * @throws RangeError if they do not: a bug in the caller, never data.
   */
  pointer(offset: number, length: number): bigint {
    if (!(offset >= this.start && length >= 0 && offset + length <= this.end)) {
      throw new RangeError(`offset ${offset} + ${length} bytes is outside the slab`);
    }
    if (offset === this.receiveArea) return this.#receivePointer;
    if (offset === this.composeArea) return this.#composePointer;
    const index = this.#chunkIndex(offset);
    if (index < 0) return this.#base + BigInt(offset);
    let pointer = this.#pointers[index];
    if (pointer === undefined) {
      pointer = this.#base + BigInt(offset);
      this.#pointers[index] = pointer;
    }
    return pointer;
  }

  /** Takes a chunk of at least `bytes` (4 KiB or 64 KiB). @throws SlabExhausted when none is left. */
  allocate(bytes: number): number {
    if (bytes > LARGE_CHUNK) throw new RangeError(`no chunk holds ${bytes} bytes`);
    if (bytes <= SMALL_CHUNK && this.#smallCount > 0) {
      const index = this.#freeSmall[--this.#smallCount];
      this.#used[index] = 1;
      return this.#smallStart + index * SMALL_CHUNK;
    }
    if (this.#largeCount === 0) throw new SlabExhausted('no buffer left');
    const index = this.#freeLarge[--this.#largeCount];
    this.#used[this.#freeSmall.length + index] = 1;
    return this.#largeStart + index * LARGE_CHUNK;
  }

  /** Size of the chunk that starts at `offset`. */
  capacity(offset: number): number {
    return offset < this.#largeStart ? SMALL_CHUNK : LARGE_CHUNK;
  }

  /** Gives a chunk back. @throws Error if it is not a chunk in use: a bug that would hand one buffer to two connections. */
  release(offset: number): void {
    const index = this.#chunkIndex(offset);
    if (index < 0 || this.#used[index] === 0) throw new Error(`offset ${offset} is not a chunk in use`);
    this.#used[index] = 0;
    if (index < this.#freeSmall.length) this.#freeSmall[this.#smallCount++] = index;
    else this.#freeLarge[this.#largeCount++] = index - this.#freeSmall.length;
  }

  /** Index of the chunk that begins exactly at `offset`, or -1. */
  #chunkIndex(offset: number): number {
    if (offset >= this.#largeStart) {
      const at = offset - this.#largeStart;
      const index = at >>> 16;
      return (at & (LARGE_CHUNK - 1)) === 0 && index < this.#freeLarge.length ? this.#freeSmall.length + index : -1;
    }
    const at = offset - this.#smallStart;
    return at >= 0 && (at & (SMALL_CHUNK - 1)) === 0 ? at >>> 12 : -1;
  }
}

function descending(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => count - 1 - i);
}
