/** Texts that many records share, each sent to main once and named by its number from then on. */
import { AT_KIND, AT_WORD_NUMBER, KIND_FORGET, KIND_WORD, WORD_HEAD } from '../../telemetry/records/record-layout.ts';
import { NO_ROOM, type RingWriter } from '../../telemetry/records/record-ring.ts';

/** With more of them all are forgotten, on both sides: addresses that were dialled once must not fill memory. */
const MOST_WORDS = 8192;
const MOST_BYTES = 1024;

export class WordTable {
  readonly #ring: RingWriter;
  readonly #numbers = new Map<string, number>([['', 0]]);

  constructor(ring: RingWriter) {
    this.#ring = ring;
  }

  /** The number of a text; 0, which is the empty one, when main cannot be told. */
  numberOf(text: string): number {
    return this.#numbers.get(text) ?? this.#define(text);
  }

  #define(text: string): number {
    if (this.#numbers.size >= MOST_WORDS && !this.#forget()) return 0;
    const { bytes, words } = this.#ring;
    const at = this.#ring.reserve(WORD_HEAD + 2 + MOST_BYTES);
    if (at === NO_ROOM) return 0;
    const number = this.#numbers.size;
    words[(at + AT_KIND) >> 2] = KIND_WORD;
    words[(at + AT_WORD_NUMBER) >> 2] = number;
    const length = bytes.write(text, at + WORD_HEAD + 2, MOST_BYTES, 'latin1');
    bytes.writeUInt16LE(length, at + WORD_HEAD);
    this.#ring.commit(at, WORD_HEAD + 2 + length);
    this.#numbers.set(text, number);
    return number;
  }

  #forget(): boolean {
    const at = this.#ring.reserve(8);
    if (at === NO_ROOM) return false;
    this.#ring.words[(at + AT_KIND) >> 2] = KIND_FORGET;
    this.#ring.commit(at, 8);
    this.#numbers.clear();
    this.#numbers.set('', 0);
    return true;
  }
}
