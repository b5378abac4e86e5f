/** A whole request as it was sent, kept while it may have to be sent again. */
import { LARGE_CHUNK, type Slab, SMALL_CHUNK } from '../reactor/slab.ts';
import type { HeadParser } from './codec/http1/head.ts';
import type { MessageHead } from './codec/message-head.ts';

export class ReplayCopy {
  readonly #slab: Slab;
  /** Slab offset; -1 = nothing is kept. */
  at = -1;
  length = 0;

  constructor(slab: Slab) {
    this.#slab = slab;
  }

  /** Keeps the `length` bytes at `at`, unless memory is short or they are many. */
  keep(at: number, length: number): void {
    const slab = this.#slab;
    // Not from the last quarter: thousands of requests that wait for a slow server must not take it all.
    const isShort = length <= SMALL_CHUNK;
    if (isShort ? slab.freeSmallChunks * 4 < slab.smallChunks : slab.freeLargeChunks * 2 < slab.largeChunks) return;
    if (length > LARGE_CHUNK) return;
    this.at = slab.allocate(isShort ? SMALL_CHUNK : LARGE_CHUNK);
    slab.bytes.copyWithin(this.at, at, at + length);
    this.length = length;
  }

  /** The head again, valid until the next one is parsed; null when nothing is kept. */
  restoreHead(parser: HeadParser): MessageHead | null {
    if (this.at < 0) return null;
    return parser.parseRequest(this.at, this.length) > 0 ? parser.head : null;
  }

  drop(): void {
    if (this.at >= 0) this.#slab.release(this.at);
    this.at = -1;
  }
}
