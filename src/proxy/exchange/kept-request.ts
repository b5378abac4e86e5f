/** A request set aside while it may have to be sent later or again: its head and what came of its body so far. */
import { LARGE_CHUNK } from '../../reactor/slab.ts';
import type { Http2Head } from '../codec/http2/http2-head.ts';
import type { MessageHead } from '../codec/message-head.ts';
import { HeldBytes } from './held-bytes.ts';
import type { KeptHead } from './kept-head.ts';
import type { ExchangeParts } from './parts.ts';

/** With more of a body than this under way, a request is not sent again. */
const MOST = LARGE_CHUNK;

export class KeptRequest {
  readonly #parts: ExchangeParts;
  readonly #head: KeptHead;
  /** What has no room behind the head. */
  #body: HeldBytes | null = null;
  #trailers: KeptHead | null = null;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    this.#head = parts.takeKeptHead();
  }

  /** False when the head is too large, or `thrifty` and memory is short. @throws SlabExhausted */
  keepHead(head: MessageHead, thrifty: boolean): boolean {
    return this.#head.keep(head, thrifty);
  }

  /** False when that is more than is kept. @param waiting nobody else has it: it must be kept @throws SlabExhausted */
  keepBody(at: number, length: number, waiting: boolean): boolean {
    if (length === 0) return true;
    if (this.#body === null) {
      if (this.#head.appendBody(at, length)) return true;
      this.#body = new HeldBytes(this.#parts.memory.slab);
    }
    if (!waiting && this.#body.length + length > MOST) return false;
    this.#body.append(at, length);
    return true;
  }

  /** False when they are too large. @throws SlabExhausted */
  keepTrailers(head: MessageHead): boolean {
    const trailers = this.#parts.takeKeptHead();
    if (!trailers.keep(head, false)) return false;
    this.#trailers = trailers;
    return true;
  }

  get hasTrailers(): boolean {
    return this.#trailers !== null;
  }

  get bodyLength(): number {
    return this.#head.bodyLength + (this.#body?.length ?? 0);
  }

  /** The head again, valid until the next one is restored, or the request dropped. */
  restoreHead(): Http2Head {
    const { restored } = this.#parts;
    this.#head.restore(restored);
    return restored;
  }

  restoreTrailers(): Http2Head {
    const { restored } = this.#parts;
    this.#trailers?.restore(restored);
    return restored;
  }

  /** Hands out the body, piece by piece. */
  forEachPiece(take: (at: number, length: number) => void): void {
    if (this.#head.bodyLength > 0) take(this.#head.bodyAt, this.#head.bodyLength);
    this.#body?.forEach(take);
  }

  /** Gives everything back; the object is not used again. */
  drop(): void {
    this.#parts.giveKeptHead(this.#head);
    this.#body?.clear();
    if (this.#trailers !== null) this.#parts.giveKeptHead(this.#trailers);
  }
}
