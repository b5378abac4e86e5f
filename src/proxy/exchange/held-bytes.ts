/** Body bytes set aside in chunks of the slab, in order: while no connection takes them, or in case they must be sent again. */
import { LARGE_CHUNK, type Slab, SMALL_CHUNK } from '../../reactor/slab.ts';

/** A body that needs more than so many small chunks takes large ones. */
const MANY_SMALL = 4;

export class HeldBytes {
  readonly #slab: Slab;
  readonly #chunks: number[] = [];
  /** Bytes in the last chunk; the others are full. */
  #inLast = 0;
  length = 0;

  constructor(slab: Slab) {
    this.#slab = slab;
  }

  /** @throws SlabExhausted when no chunk is left */
  append(at: number, length: number): void {
    let from = at;
    let left = length;
    while (left > 0) {
      const last = this.#chunks.at(-1);
      const room = last === undefined ? 0 : this.#slab.capacity(last) - this.#inLast;
      if (last === undefined || room === 0) {
        this.#chunks.push(this.#slab.allocate(this.#nextSize(left)));
        this.#inLast = 0;
        continue;
      }
      const n = Math.min(left, room);
      this.#slab.bytes.copyWithin(last + this.#inLast, from, from + n);
      this.#inLast += n;
      this.length += n;
      from += n;
      left -= n;
    }
  }

  /** Small chunks first while they are plenty: a thousand short bodies may wait at once. */
  #nextSize(left: number): number {
    const { freeSmallChunks, smallChunks } = this.#slab;
    if (this.#chunks.length < MANY_SMALL && freeSmallChunks * 4 > smallChunks) return SMALL_CHUNK;
    return this.#chunks.length === 0 && left <= SMALL_CHUNK ? SMALL_CHUNK : LARGE_CHUNK;
  }

  /** Hands out the bytes, piece by piece. */
  forEach(take: (at: number, length: number) => void): void {
    for (let i = 0; i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i];
      take(chunk, i === this.#chunks.length - 1 ? this.#inLast : this.#slab.capacity(chunk));
    }
  }

  clear(): void {
    for (const chunk of this.#chunks) this.#slab.release(chunk);
    this.#chunks.length = 0;
    this.#inLast = 0;
    this.length = 0;
  }
}
