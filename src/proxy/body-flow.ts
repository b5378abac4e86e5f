/** One message body on its way through: counts it, re-frames chunks, knows when it is complete. */
import type { Reactor } from '../reactor/reactor.ts';
import type { Socket } from '../reactor/socket.ts';
import { BodySplice, SPLICE_FROM } from './body-splice.ts';
import type { ChunkedBody, ChunkedPool } from './codec/http1/chunked.ts';
import {
  FRAMING_CHUNKED,
  FRAMING_LENGTH,
  FRAMING_NONE,
  FRAMING_UNTIL_CLOSE,
  type Framing,
} from './codec/http1/http1-head.ts';

export class BodyFlow {
  readonly #pool: ChunkedPool;
  readonly #bytes: Buffer;
  /** Whose body it is: a malformed one is the client's fault or the endpoint's. */
  readonly #isRequest: boolean;
  framing: Framing = FRAMING_NONE;
  /** FRAMING_LENGTH: bytes still to come. FRAMING_UNTIL_CLOSE: what has passed, below zero. */
  remaining = 0;
  /** FRAMING_LENGTH: bytes in all. */
  #length = 0;
  done = true;
  #chunked: ChunkedBody | null = null;
  #splice: BodySplice | null = null;
  /** Input bytes that the last `append` used. */
  consumed = 0;

  constructor(pool: ChunkedPool, bytes: Buffer, isRequest: boolean) {
    this.#pool = pool;
    this.#bytes = bytes;
    this.#isRequest = isRequest;
  }

  /** Begins a body. Returns false when no decoder is left (overload). */
  start(framing: Framing, length: number): boolean {
    this.end();
    this.framing = framing;
    this.remaining = framing === FRAMING_LENGTH ? length : 0;
    this.#length = this.remaining;
    this.done = framing === FRAMING_NONE || (framing === FRAMING_LENGTH && length === 0);
    if (framing !== FRAMING_CHUNKED) return true;
    this.#chunked = this.#pool.acquire(this.#isRequest);
    return this.#chunked !== null;
  }

  /** Bytes of input at the front that belong to this body and pass unchanged; chunked bodies need `append`. */
  take(length: number): number {
    if (this.framing === FRAMING_UNTIL_CLOSE) {
      this.remaining -= length;
      return length;
    }
    const n = Math.min(length, this.remaining);
    this.remaining -= n;
    if (this.remaining === 0) this.done = true;
    return n;
  }

  /**
   * Writes what passes on of `length` bytes at `at` to `outAt` and sets `consumed`.
   * @returns bytes written, -1 when the body is malformed (see `refusal`)
   */
  append(at: number, length: number, outAt: number, capacity: number): number {
    if (this.framing !== FRAMING_CHUNKED) {
      const n = this.take(Math.min(length, capacity));
      if (n > 0) this.#bytes.copyWithin(outAt, at, at + n);
      this.consumed = n;
      return n;
    }
    const body = this.#chunked;
    if (body === null) return -1;
    const written = body.reframe(at, length, outAt, capacity);
    this.consumed = body.consumed;
    if (body.done) this.done = true;
    return written;
  }

  /** Bytes of the body that have passed, without framing. */
  get passed(): number {
    if (this.framing === FRAMING_CHUNKED) return this.#chunked?.dataBytes ?? 0;
    return this.#length - this.remaining + (this.#splice?.moved ?? 0);
  }

  /** So much is still to come that `splice` pays. */
  get isLong(): boolean {
    return this.framing === FRAMING_LENGTH && this.remaining >= SPLICE_FROM;
  }

  /**
   * Lets the kernel move the rest of a body of known length; `done` follows when all of it has passed.
   * @returns false when that is not possible now: go on with `take`
   */
  splice(reactor: Reactor, source: Socket, target: Socket, done: () => void): boolean {
    this.#splice = BodySplice.start(reactor, source, target, this.remaining, () => {
      this.#splice = null;
      this.take(this.remaining);
      done();
    });
    return this.#splice !== null;
  }

  /** The kernel moves it, and its receiver takes nothing at the moment. */
  get blocked(): boolean {
    return this.#splice?.blocked ?? false;
  }

  /** The decoder has more output although its input is used up. */
  get pending(): boolean {
    return this.#chunked?.pending ?? false;
  }

  get refusal(): string {
    return this.#chunked?.error?.sentence ?? 'no decoder is free';
  }

  /** Gives the decoder, or the pipe, back. */
  end(): void {
    this.#splice?.stop();
    this.#splice = null;
    if (this.#chunked !== null) this.#pool.release(this.#chunked);
    this.#chunked = null;
    this.done = true;
  }
}
