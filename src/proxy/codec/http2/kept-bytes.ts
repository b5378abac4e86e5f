/** Output that a stream keeps back: bytes in chunks of the slab, in order, and maybe trailers behind them. */
import { LARGE_CHUNK, type Slab, SMALL_CHUNK } from '../../../reactor/slab.ts';

/** A stream that keeps back more than so many small chunks hold takes large ones. */
const MANY_SMALL = 4;

export class KeptBytes {
  readonly #slab: Slab;
  /** In order; the bytes begin at `#from` in the first one and end at `#to` in the last one. */
  readonly #chunks: number[] = [];
  #from = 0;
  #to = 0;
  length = 0;
  /** Memory taken: the sum of the chunks. */
  capacity = 0;
  /** The chunk of `keepTrailers`, -1 = none. */
  trailers = -1;

  constructor(slab: Slab) {
    this.#slab = slab;
  }

  /**
   * Copies `length` bytes from `at`.
   * @param thrifty in small chunks while they are few
   * @throws SlabExhausted with part of them taken: give the whole up then
   */
  append(at: number, length: number, thrifty: boolean): void {
    const slab = this.#slab;
    let from = at;
    let left = length;
    while (left > 0) {
      const last = this.#chunks.at(-1);
      const room = last === undefined ? 0 : last + slab.capacity(last) - this.#to;
      if (room === 0) {
        this.#grow(left, thrifty);
        continue;
      }
      const n = Math.min(left, room);
      slab.bytes.copyWithin(this.#to, from, from + n);
      this.#to += n;
      from += n;
      left -= n;
      this.length += n;
    }
  }

  /** Where the first bytes lie. */
  get at(): number {
    return this.#from;
  }

  /** How many lie there in one piece. */
  get contiguous(): number {
    const first = this.#chunks[0];
    return this.#chunks.length === 1 ? this.#to - this.#from : first + this.#slab.capacity(first) - this.#from;
  }

  /** Forgets the first `length` bytes, at most `contiguous`. */
  consume(length: number): void {
    this.#from += length;
    this.length -= length;
    if (this.length === 0) return this.#releaseAll();
    const first = this.#chunks[0];
    if (this.#from < first + this.#slab.capacity(first)) return;
    this.#chunks.shift();
    this.#release(first);
    this.#from = this.#chunks[0];
  }

  clear(): void {
    this.#releaseAll();
    this.length = 0;
    if (this.trailers >= 0) this.#slab.release(this.trailers);
    this.trailers = -1;
  }

  #releaseAll(): void {
    for (const chunk of this.#chunks) this.#release(chunk);
    this.#chunks.length = 0;
  }

  #grow(bytes: number, thrifty: boolean): void {
    const slab = this.#slab;
    // A stream that keeps little takes little; the second chunk of one that goes on is large.
    const isFirst = this.#chunks.length === 0;
    const isSmall = thrifty
      ? this.#chunks.length < MANY_SMALL && slab.freeSmallChunks * 4 > slab.smallChunks
      : isFirst && bytes <= SMALL_CHUNK;
    const chunk = slab.allocate(isSmall ? SMALL_CHUNK : LARGE_CHUNK);
    this.capacity += slab.capacity(chunk);
    this.#chunks.push(chunk);
    if (isFirst) this.#from = chunk;
    this.#to = chunk;
  }

  #release(chunk: number): void {
    this.capacity -= this.#slab.capacity(chunk);
    this.#slab.release(chunk);
  }
}
