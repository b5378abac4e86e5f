/** Bytes kept back in one chunk of the slab: an incomplete head, or what a client pipelined. Grows from 4 KiB to 64 KiB, then is full. */
import { LARGE_CHUNK, type Slab, SlabExhausted, SMALL_CHUNK } from '../reactor/slab.ts';

export class SlabStash {
  readonly #slab: Slab;
  #chunk = -1;
  /** First byte and number of bytes kept. */
  at = 0;
  length = 0;

  constructor(slab: Slab) {
    this.#slab = slab;
  }

  /** Appends; false when there is no room for all of it (nothing was appended then). @throws SlabExhausted */
  append(at: number, length: number): boolean {
    if (length === 0) return true;
    const total = this.length + length;
    if (total > LARGE_CHUNK) return false;
    this.#makeRoom(total);
    this.#slab.bytes.copyWithin(this.at + this.length, at, at + length);
    this.length = total;
    return true;
  }

  /** Forgets the first `length` bytes. */
  consume(length: number): void {
    this.at += length;
    this.length -= length;
    if (this.length === 0) this.clear();
  }

  clear(): void {
    if (this.#chunk >= 0) this.#slab.release(this.#chunk);
    this.#chunk = -1;
    this.length = 0;
  }

  #makeRoom(total: number): void {
    const { bytes } = this.#slab;
    if (this.#chunk >= 0 && this.#slab.capacity(this.#chunk) >= total) {
      if (this.at + total > this.#chunk + this.#slab.capacity(this.#chunk)) {
        bytes.copyWithin(this.#chunk, this.at, this.at + this.length);
        this.at = this.#chunk;
      }
      return;
    }
    const chunk = this.#allocate(total);
    if (this.#chunk >= 0) {
      bytes.copyWithin(chunk, this.at, this.at + this.length);
      this.#slab.release(this.#chunk);
    }
    this.#chunk = chunk;
    this.at = chunk;
  }

  /** Half of the large chunks are not for what waits to be read: no flood of heads can stop the answers under way. */
  #allocate(total: number): number {
    const slab = this.#slab;
    if (total <= SMALL_CHUNK) return slab.allocate(SMALL_CHUNK);
    if (slab.freeLargeChunks * 2 < slab.largeChunks) throw new SlabExhausted('too many large heads wait');
    return slab.allocate(LARGE_CHUNK);
  }
}
