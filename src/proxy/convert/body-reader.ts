/** The body of an HTTP/1.1 message on its way to another protocol: data and trailers without their framing. */

import { isBlank } from '../codec/http1/bytes.ts';
import type { ChunkedBody, ChunkedPool } from '../codec/http1/chunked.ts';
import {
  FRAMING_CHUNKED,
  FRAMING_LENGTH,
  FRAMING_NONE,
  FRAMING_UNTIL_CLOSE,
  type Framing,
} from '../codec/http1/http1-head.ts';
import type { OwnHead } from './own-head.ts';

/** Output that one call needs: its input with framing, and the largest trailer section. */
export const READ_BYTES = 2 * 65_536;

const LF = 0x0a;
const COLON = 0x3a;
const ZERO = 0x30;

export class BodyReader {
  readonly #pool: ChunkedPool;
  readonly #bytes: Buffer;
  readonly #isRequest: boolean;
  #chunked: ChunkedBody | null = null;
  framing: Framing = FRAMING_NONE;
  /** FRAMING_LENGTH: bytes still to come. */
  remaining = 0;
  done = true;
  /** What the last `read` found: input used, and data. */
  consumed = 0;
  dataAt = 0;
  dataLength = 0;
  /** Trailer lines, each with its line break. */
  #trailersAt = 0;
  #trailersLength = 0;

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
    this.done = framing === FRAMING_NONE || (framing === FRAMING_LENGTH && length === 0);
    this.#trailersLength = 0;
    if (framing !== FRAMING_CHUNKED) return true;
    this.#chunked = this.#pool.acquire(this.#isRequest);
    return this.#chunked !== null;
  }

  get hasTrailers(): boolean {
    return this.#trailersLength > 0;
  }

  get refusal(): string {
    return this.#chunked?.error?.sentence ?? 'no decoder is free';
  }

  /**
   * Reads what belongs to the body of `length` bytes at `at`; decoded data lies at `outAt`, with room for READ_BYTES, or where
   * it came. Returns false when the body is malformed (see `refusal`).
   */
  read(at: number, length: number, outAt: number): boolean {
    if (this.framing === FRAMING_CHUNKED) return this.#readChunked(at, length, outAt);
    const n = this.framing === FRAMING_UNTIL_CLOSE ? length : Math.min(length, this.remaining);
    this.remaining -= this.framing === FRAMING_LENGTH ? n : 0;
    if (this.framing === FRAMING_LENGTH && this.remaining === 0) this.done = true;
    this.consumed = n;
    this.dataAt = at;
    this.dataLength = n;
    return true;
  }

  /** The decoder writes one chunk for each call, and the end of the body behind it: both are taken apart again. */
  #readChunked(at: number, length: number, outAt: number): boolean {
    const body = this.#chunked;
    if (body === null) return false;
    const before = body.dataBytes;
    const written = body.reframe(at, length, outAt, READ_BYTES);
    if (written < 0) return false;
    this.consumed = body.consumed;
    this.dataLength = body.dataBytes - before;
    this.done = body.done;
    let from = outAt;
    if (this.dataLength > 0) {
      this.dataAt = this.#bytes.indexOf(LF, outAt) + 1;
      from = this.dataAt + this.dataLength + 2;
    }
    if (this.done && this.#bytes[from] === ZERO) {
      this.#trailersAt = from + 3;
      this.#trailersLength = outAt + written - 2 - this.#trailersAt;
    }
    return true;
  }

  /** Fills `head` with the trailers, their names in lower case unless `keepsCase`; valid until the memory of the last `read` is used for something else. */
  readTrailers(head: OwnHead, keepsCase = false): void {
    const bytes = this.#bytes;
    const end = this.#trailersAt + this.#trailersLength;
    head.begin(0, 0);
    for (let at = this.#trailersAt; at < end; ) {
      const next = bytes.indexOf(LF, at) + 1;
      const colon = bytes.indexOf(COLON, at);
      for (let i = at; i < colon && !keepsCase; i++) if (bytes[i] >= 0x41 && bytes[i] <= 0x5a) bytes[i] |= 0x20;
      let from = colon + 1;
      let to = next - 2;
      while (from < to && isBlank(bytes[from])) from++;
      while (to > from && isBlank(bytes[to - 1])) to--;
      head.addPlaced(at, colon - at, from, to - from);
      at = next;
    }
  }

  /** Gives the decoder back. */
  end(): void {
    if (this.#chunked !== null) this.#pool.release(this.#chunked);
    this.#chunked = null;
    this.done = true;
  }
}
