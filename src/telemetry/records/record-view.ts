/** Reads one record of the ring at a time, field by field, without making objects. */
import {
  AT_BITS,
  AT_KIND,
  AT_TEXTS,
  AT_WORD_NUMBER,
  KIND_FORGET,
  KIND_WORD,
  MAX_FIELDS,
  TEXT_FIELDS,
  WORD_HEAD,
} from './record-layout.ts';
import type { RingReader } from './record-ring.ts';

const MAX_TEXTS = TEXT_FIELDS + 2 * MAX_FIELDS;

export class RecordView {
  readonly #ring: RingReader;
  readonly #words = new Map<number, string>();
  readonly bytes: Buffer;
  /** What ids of requests begin with that the data thread makes; known once it has started. */
  requestIdPrefix = '';
  /** Where the texts are found, and how long each is. */
  readonly textAt = new Int32Array(MAX_TEXTS);
  readonly textLength = new Int32Array(MAX_TEXTS);
  #at = 0;

  constructor(ring: RingReader) {
    this.#ring = ring;
    this.bytes = ring.bytes;
  }

  /** Opens the record at `at`. False: it was a word, or its like, which is kept here; nothing else is to be read. */
  open(at: number): boolean {
    this.#at = at;
    const { words, bytes } = this.#ring;
    const kind = words[(at + AT_KIND) >> 2];
    if (kind === KIND_FORGET) {
      this.#words.clear();
      return false;
    }
    if (kind === KIND_WORD) {
      const from = at + WORD_HEAD;
      const length = bytes.readUInt16LE(from);
      this.#words.set(
        words[(at + AT_WORD_NUMBER) >> 2] as number,
        bytes.toString('latin1', from + 2, from + 2 + length),
      );
      return false;
    }
    let from = at + AT_TEXTS;
    const end = at + (words[at >> 2] as number);
    for (let i = 0; i < MAX_TEXTS; i++) {
      const length = from + 2 <= end ? (bytes[from] as number) | ((bytes[from + 1] as number) << 8) : 0;
      const fits = from + 2 + length <= end;
      this.textAt[i] = from + 2;
      this.textLength[i] = fits ? length : 0;
      from = fits ? from + 2 + length : end;
      if (from >= end) {
        this.textLength.fill(0, i + 1);
        break;
      }
    }
    return true;
  }

  get kind(): number {
    return this.int(AT_KIND);
  }

  /** @param place one of the AT_ places of 32-bit numbers */
  int(place: number): number {
    return this.#ring.words[(this.#at + place) >> 2] as number;
  }

  /** @param place one of the AT_ places of doubles */
  double(place: number): number {
    return this.#ring.doubles[(this.#at + place) >> 3] as number;
  }

  has(bit: number): boolean {
    return (this.int(AT_BITS) & bit) !== 0;
  }

  /** '' when the word is not known. @param place one of the AT_ places of words */
  word(place: number): string {
    return this.#words.get(this.int(place)) ?? '';
  }

  /** @param place one of the TEXT_ places; bytes beyond ASCII as latin1 */
  text(place: number): string {
    const at = this.textAt[place] as number;
    return this.bytes.toString('latin1', at, at + (this.textLength[place] as number));
  }

  /** @param place AT_TRACE, or 16 or 24 behind it; @param words of 32 bits */
  hex(place: number, words: number): string {
    let text = '';
    for (let i = 0; i < words; i++) text += (this.int(place + 4 * i) >>> 0).toString(16).padStart(8, '0');
    return text;
  }
}
