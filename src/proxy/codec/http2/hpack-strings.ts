/** String literals of HPACK (RFC 7541 5.2). */
import type { HeadArea } from './hpack-area.ts';
import { IntegerReader } from './hpack-integer.ts';
import { decodeHuffman, HUFFMAN_OVERFLOW } from './huffman.ts';

/** `length` of a string that is longer than it may be. */
export const OVERLONG = -1;

export class StringReader {
  /** Where the string lies: in the section itself if it was plain, else in the area. */
  at = 0;
  length = 0;
  /** Where the next decoded string goes. */
  next = 0;
  readonly #bytes: Buffer;
  readonly #integer = new IntegerReader();

  constructor(area: HeadArea) {
    this.#bytes = area.bytes;
  }

  /**
   * Reads the literal at `from`. `limit`: offset up to which a decoded string may reach; beyond it `length` is OVERLONG.
   * @returns the offset after it, or -1 if it is cut off or no Huffman code
   */
  read(from: number, end: number, limit: number): number {
    if (from >= end) return -1;
    const bytes = this.#bytes;
    const first = bytes[from];
    let at = from + 1;
    let length = first & 0x7f;
    if (length === 0x7f) {
      at = this.#integer.read(bytes, at, end, length);
      length = this.#integer.value;
    }
    const after = at + length;
    if (at < 0 || after > end) return -1;
    if (first < 0x80) {
      this.at = at;
      this.length = length;
      return after;
    }
    const decoded = decodeHuffman(bytes, at, length, bytes, this.next, limit);
    this.at = this.next;
    this.length = decoded;
    if (decoded >= 0) this.next += decoded;
    else if (decoded === HUFFMAN_OVERFLOW) this.length = OVERLONG;
    else return -1;
    return after;
  }
}
