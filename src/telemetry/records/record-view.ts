/** Reads one record of the ring at a time, field by field, without making objects. */
import { pieceOf } from '../../core/piece.ts';
import {
  AT_BITS,
  AT_KIND,
  AT_LENGTH,
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
  readonly #texts = new Map<number, string>();
  readonly bytes: Buffer;
  /** The same bytes. */
  readonly data: DataView;
  readonly #numbers: Int32Array;
  readonly #doubles: Float64Array;
  #requestIdPrefix = '';
  requestIdPiece = pieceOf('');
  /** Another when numbers of words were given out anew. */
  words = 0;
  /** Where the texts are found, and how long each is. */
  readonly textAt = new Int32Array(MAX_TEXTS);
  readonly textLength = new Int32Array(MAX_TEXTS);
  /** Texts of the record. */
  #count = 0;
  #at = 0;

  constructor(ring: RingReader) {
    this.#ring = ring;
    this.bytes = ring.bytes;
    this.data = ring.view;
    this.#numbers = ring.words;
    this.#doubles = ring.doubles;
  }

  /** What ids of requests begin with that the data thread makes; known once it has started. */
  get requestIdPrefix(): string {
    return this.#requestIdPrefix;
  }

  set requestIdPrefix(prefix: string) {
    this.#requestIdPrefix = prefix;
    this.requestIdPiece = pieceOf(prefix);
  }

  /** Opens the record at `at`. False: it was a word, or its like, which is kept here; nothing else is to be read. */
  open(at: number): boolean {
    this.#at = at;
    const { words, bytes } = this.#ring;
    const kind = words[(at + AT_KIND) >> 2];
    if (kind === KIND_FORGET) {
      this.#texts.clear();
      this.words++;
      return false;
    }
    if (kind === KIND_WORD) {
      const from = at + WORD_HEAD;
      const length = bytes.readUInt16LE(from);
      this.#texts.set(
        words[(at + AT_WORD_NUMBER) >> 2] as number,
        bytes.toString('latin1', from + 2, from + 2 + length),
      );
      return false;
    }
    this.#findTexts(at);
    return true;
  }

  #findTexts(start: number): void {
    const { data, textAt, textLength } = this;
    const end = start + this.int(AT_LENGTH);
    let at = start + AT_TEXTS;
    let count = 0;
    for (; count < MAX_TEXTS && at + 2 <= end; count++) {
      const length = data.getUint16(at, true);
      if (at + 2 + length > end) break;
      textAt[count] = at + 2;
      textLength[count] = length;
      at += 2 + length;
    }
    // Those that the record before had, and this has not.
    for (let i = count; i < this.#count; i++) textLength[i] = 0;
    this.#count = count;
  }

  get kind(): number {
    return this.int(AT_KIND);
  }

  /** @param place one of the AT_ places of 32-bit numbers */
  int(place: number): number {
    return this.#numbers[(this.#at + place) >> 2] as number;
  }

  /** @param place one of the AT_ places of doubles */
  double(place: number): number {
    return this.#doubles[(this.#at + place) >> 3] as number;
  }

  has(bit: number): boolean {
    return (this.int(AT_BITS) & bit) !== 0;
  }

  /** '' when the word is not known. @param place one of the AT_ places of words */
  word(place: number): string {
    return this.#texts.get(this.int(place)) ?? '';
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
