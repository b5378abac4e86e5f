/** Trailer sections (RFC 9110 6.5, RFC 9112 7.1.2): kept apart from the head, and never with a field that steers the message. */
import { isForbiddenInTrailers } from '../forbidden-trailers.ts';

/** Largest trailer section in bytes. */
export const TRAILER_LIMIT = 8192;

/** Collects a trailer section that may arrive in pieces. Made only for bodies that have trailers. */
export class TrailerSection {
  readonly #bytes = Buffer.allocUnsafe(TRAILER_LIMIT);
  #length = 0;

  /** Adds input bytes; false when the section grows past the limit. */
  add(bytes: Buffer, at: number, end: number): boolean {
    if (this.#length + end - at > TRAILER_LIMIT) return false;
    this.#length += bytes.copy(this.#bytes, this.#length, at, end);
    return true;
  }

  /** The lines to forward, each with its CRLF. The section was checked by llhttp; its last line is empty. */
  allowedLines(): Buffer {
    const out = Buffer.allocUnsafe(this.#length);
    let length = 0;
    let lineAt = 0;
    while (lineAt < this.#length) {
      const next = this.#bytes.indexOf('\r\n', lineAt, 'latin1') + 2;
      if (next < 2 || next > this.#length) break;
      const colon = this.#bytes.indexOf(0x3a, lineAt);
      if (colon > lineAt && colon < next && !isForbiddenInTrailers(this.#bytes, lineAt, colon - lineAt)) {
        length += this.#bytes.copy(out, length, lineAt, next);
      }
      lineAt = next;
    }
    return out.subarray(0, length);
  }
}
