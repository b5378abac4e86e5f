/**
 * Flow control of what we receive (RFC 9113 5.2). A stream's window bounds what one slow consumer holds; the connection's window
 * opens as bytes arrive, so that one slow stream does not stop the others, until too much waits in all of them together.
 */

import { INITIAL_WINDOW } from './frames.ts';
import type { Http2Config } from './http2-config.ts';
import type { Http2Stream } from './http2-stream.ts';

export class ConnectionCredit {
  readonly #size: number;
  readonly #maxUnconsumed: number;
  /** Bytes that the peer may still send. */
  #window = INITIAL_WINDOW;
  /** Bytes received and not granted again. */
  #ungranted = 0;
  /** Bytes handed to the streams' users and not consumed. */
  unconsumed = 0;

  constructor(config: Http2Config) {
    this.#size = config.connectionWindow;
    this.#maxUnconsumed = config.maxUnconsumed;
  }

  /** What the first WINDOW_UPDATE grants beyond the initial window; 0 = nothing. */
  open(): number {
    const increment = Math.max(0, this.#size - INITIAL_WINDOW);
    this.#window += increment;
    return increment;
  }

  /** A DATA frame of `length` bytes begins; false: more than was granted. */
  charge(length: number): boolean {
    if (length > this.#window) return false;
    this.#window -= length;
    this.#ungranted += length;
    return true;
  }

  /** The increment to grant now, 0 = not yet: only in large steps, and not while too much is unconsumed. */
  take(): number {
    const increment = this.#ungranted;
    if (increment * 2 < this.#size || this.unconsumed > this.#maxUnconsumed) return 0;
    this.#ungranted = 0;
    this.#window += increment;
    return increment;
  }
}

/**
 * `length` bytes of a stream were consumed: the increment to grant now, 0 = not yet. A stream whose bytes move on gets a larger
 * window each time.
 * @param mayGrow bytes that its window may grow by
 */
export function consumeOfStream(stream: Http2Stream, length: number, mayGrow: number): number {
  stream.ungranted += length;
  if (stream.ungranted * 2 < stream.windowSize) return 0;
  const growth = Math.min(stream.windowSize, Math.max(0, mayGrow));
  const increment = stream.ungranted + growth;
  stream.ungranted = 0;
  stream.windowSize += growth;
  stream.receiveWindow += increment;
  return increment;
}
