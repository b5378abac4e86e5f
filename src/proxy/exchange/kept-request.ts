/** A request set aside while it may have to be sent later or again: its head and what came of its body so far. */
import { LARGE_CHUNK, SlabExhausted } from '../../reactor/slab.ts';
import type { HeadParser } from '../codec/http1/head.ts';
import { Http1Head } from '../codec/http1/http1-head.ts';
import type { Http2Head } from '../codec/http2/http2-head.ts';
import type { MessageHead } from '../codec/message-head.ts';
import { HeldBytes } from './held-bytes.ts';
import type { KeptHead } from './kept-head.ts';
import type { ExchangeParts } from './parts.ts';
import type { HttpProtocol } from './upstream-protocol.ts';

/** Whoever is sent what follows the head. */
export interface BodyTaker {
  sendData(at: number, length: number, end: boolean): boolean;
  sendTrailers(head: Http2Head): void;
}

/** With more of a body than this under way, a request is not sent again. */
const MOST = LARGE_CHUNK;

export class KeptRequest {
  readonly #parts: ExchangeParts;
  #head: KeptHead | null = null;
  /** What has no room behind the head. */
  #body: HeldBytes | null = null;
  #trailers: KeptHead | null = null;
  /** Nobody else has what comes of the request now: it must be kept. */
  isWaiting = false;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
  }

  /** It is here as far as it has come, and can be sent again. */
  get isKept(): boolean {
    return this.#head !== null;
  }

  /**
   * Keeps a head. False when it is too large, or `thrifty` and memory is short.
   * @param protocol that it will be sent in: heads of HTTP/1.1 that stay HTTP/1.1 are kept to the letter
   * @throws SlabExhausted
   */
  keepHead(head: MessageHead, thrifty: boolean, protocol: HttpProtocol): boolean {
    const kept = this.#parts.takeKeptHead();
    const toTheLetter = protocol === 'http1' && head instanceof Http1Head;
    if (!(toTheLetter ? kept.keepLines(head, thrifty) : kept.keep(head, thrifty))) return false;
    this.#head = kept;
    return true;
  }

  /** From now on everything is kept until it can be sent. False when the head is too large. @throws SlabExhausted */
  wait(head: MessageHead, protocol: HttpProtocol): boolean {
    this.isWaiting = true;
    return this.#head !== null || this.keepHead(head, false, protocol);
  }

  /** More of the body has come. With too much of it the request is not kept any longer. @throws SlabExhausted while it must be kept */
  addBody(at: number, length: number): void {
    if (this.#head === null || length === 0) return;
    try {
      if (this.#keepBody(this.#head, at, length)) return;
    } catch (error) {
      if (this.isWaiting || !(error instanceof SlabExhausted)) throw error;
    }
    this.drop();
  }

  #keepBody(head: KeptHead, at: number, length: number): boolean {
    if (this.#body === null) {
      if (head.appendBody(at, length)) return true;
      this.#body = new HeldBytes(this.#parts.memory.slab);
    }
    if (!this.isWaiting && (this.#body.length + length > MOST || this.#isScarce)) return false;
    this.#body.append(at, length);
    return true;
  }

  /** Half of the large chunks are not for what may never be wanted: many uploads at once must not stop the answers under way. */
  get #isScarce(): boolean {
    const { freeLargeChunks, largeChunks } = this.#parts.memory.slab;
    return freeLargeChunks * 2 < largeChunks;
  }

  /** The request ends with trailers. @throws SlabExhausted while they must be kept, also for such that are too large */
  addTrailers(head: MessageHead): void {
    if (this.#head === null && !this.isWaiting) return;
    const trailers = this.#parts.takeKeptHead();
    if (trailers.keep(head, !this.isWaiting)) this.#trailers = trailers;
    else if (this.isWaiting) throw new SlabExhausted('no buffer holds such trailers');
    else this.drop();
  }

  /** There is something to send behind the head. */
  get hasMore(): boolean {
    return this.bodyLength > 0 || this.#trailers !== null;
  }

  get bodyLength(): number {
    return (this.#head?.bodyLength ?? 0) + (this.#body?.length ?? 0);
  }

  /**
   * The head again, valid until the next one is parsed or restored, or the request dropped; null when it is not kept.
   * @param parser reads what was kept to the letter
   */
  restoreHead(parser: HeadParser): MessageHead | null {
    const kept = this.#head;
    if (kept === null) return null;
    const { restored } = this.#parts;
    if (!kept.isLines) {
      kept.restore(restored);
      return restored;
    }
    parser.parseRequest(kept.linesAt, kept.linesLength);
    return parser.head;
  }

  /** As `restoreHead`, of a head that was kept for HTTP/2. */
  restoreHttp2Head(): Http2Head {
    const { restored } = this.#parts;
    this.#head?.restore(restored);
    return restored;
  }

  /** Sends what follows the head. @param whole the request ends with it @returns false: more must wait until `onServerWritable` */
  sendBody(taker: BodyTaker, whole: boolean): boolean {
    let left = this.bodyLength;
    let taken = true;
    this.#forEachPiece((at, length) => {
      left -= length;
      if (!taker.sendData(at, length, left === 0 && whole && this.#trailers === null)) taken = false;
    });
    if (this.#trailers !== null) taker.sendTrailers(this.#restoreTrailers(this.#trailers));
    return taken;
  }

  #restoreTrailers(trailers: KeptHead): Http2Head {
    const { restored } = this.#parts;
    trailers.restore(restored);
    return restored;
  }

  /** Hands out the body, piece by piece. */
  #forEachPiece(take: (at: number, length: number) => void): void {
    const head = this.#head;
    if (head !== null && head.bodyLength > 0) take(head.bodyAt, head.bodyLength);
    this.#body?.forEach(take);
  }

  /** Gives everything back: an answer has begun, or the request is over, and it is never sent again. */
  drop(): void {
    if (this.#head !== null) this.#parts.giveKeptHead(this.#head);
    if (this.#trailers !== null) this.#parts.giveKeptHead(this.#trailers);
    this.#body?.clear();
    this.#head = null;
    this.#trailers = null;
    this.#body = null;
  }
}
