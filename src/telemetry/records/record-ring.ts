/**
 * Records on their way from one data thread to main: a ring in shared memory with one writer and one reader. The writer never
 * waits: what finds no room is dropped and counted. Records lie in one piece, each begins with its length and its kind.
 */
import { KIND_PAD, RECORD_ALIGN } from './record-layout.ts';

/** Words of the ring's own header. Positions only grow, modulo 2^32. */
const HEAD = 0;
const TAIL = 1;
const DROPPED = 2;
const HEADER_BYTES = 64;

/** No room: the record is dropped. */
export const NO_ROOM = -1;

/** @param capacity bytes for records, a power of two from 4096 */
export function makeRing(capacity: number): SharedArrayBuffer {
  if (capacity < 4096 || (capacity & (capacity - 1)) !== 0)
    throw new RangeError('a ring holds a power of two of bytes');
  return new SharedArrayBuffer(HEADER_BYTES + capacity);
}

/** The data thread's end. Offsets are those of `bytes` and `view`, `words` (in fours) and `doubles` (in eights). */
export class RingWriter {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly #capacity: number;
  #head = 0;
  /** The reader has come this far, or further. */
  #tail = 0;

  constructor(shared: SharedArrayBuffer) {
    this.bytes = Buffer.from(shared);
    this.view = new DataView(shared);
    this.words = new Int32Array(shared);
    this.doubles = new Float64Array(shared, 0, shared.byteLength >> 3);
    this.#capacity = shared.byteLength - HEADER_BYTES;
  }

  /** Where a record of at most `length` bytes may be written, or NO_ROOM. Nothing is visible before `commit`. */
  reserve(length: number): number {
    const offset = this.#head & (this.#capacity - 1);
    const behind = this.#capacity - offset;
    const needed = length <= behind ? length : behind + length;
    if (needed > this.#free(needed)) {
      this.drop();
      return NO_ROOM;
    }
    if (length <= behind) return HEADER_BYTES + offset;
    // What is left at the end is no place for it.
    const word = (HEADER_BYTES + offset) >> 2;
    this.words[word] = behind;
    this.words[word + 1] = KIND_PAD;
    this.#head = (this.#head + behind) >>> 0;
    return HEADER_BYTES;
  }

  /** Counts a record that is not written. */
  drop(): void {
    Atomics.add(this.words, DROPPED, 1);
  }

  #free(needed: number): number {
    const free = this.#capacity - ((this.#head - this.#tail) >>> 0);
    if (needed <= free) return free;
    this.#tail = Atomics.load(this.words, TAIL) >>> 0;
    return this.#capacity - ((this.#head - this.#tail) >>> 0);
  }

  /** The record at `at` is complete: `length` bytes, not more than were reserved. */
  commit(at: number, length: number): void {
    const padded = (length + RECORD_ALIGN - 1) & -RECORD_ALIGN;
    this.words[at >> 2] = padded;
    this.#head = (this.#head + padded) >>> 0;
    Atomics.store(this.words, HEAD, this.#head | 0);
  }
}

/** Main's end. */
export class RingReader {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly #capacity: number;

  constructor(shared: SharedArrayBuffer) {
    this.bytes = Buffer.from(shared);
    this.view = new DataView(shared);
    this.words = new Int32Array(shared);
    this.doubles = new Float64Array(shared, 0, shared.byteLength >> 3);
    this.#capacity = shared.byteLength - HEADER_BYTES;
  }

  /** Records that found no room so far. */
  get dropped(): number {
    return Atomics.load(this.words, DROPPED) >>> 0;
  }

  /**
   * Hands out what is there, oldest first. A record is valid during the call only.
   * @returns bytes of records read
   */
  read(take: (at: number) => void): number {
    const head = Atomics.load(this.words, HEAD) >>> 0;
    const start = Atomics.load(this.words, TAIL) >>> 0;
    let tail = start;
    while (tail !== head) {
      const at = HEADER_BYTES + (tail & (this.#capacity - 1));
      const length = this.words[at >> 2] as number;
      // The writer may have died in the middle of anything; what it left is not trusted.
      if (length < RECORD_ALIGN || length > (head - tail) >>> 0) {
        tail = head;
        break;
      }
      if (this.words[(at >> 2) + 1] !== KIND_PAD) take(at);
      tail = (tail + length) >>> 0;
    }
    Atomics.store(this.words, TAIL, tail | 0);
    return (head - start) >>> 0;
  }
}
