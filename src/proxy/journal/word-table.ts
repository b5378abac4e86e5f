/** Texts that many records share, each sent to main once and named by its number from then on. */
import { AT_KIND, AT_WORD_NUMBER, KIND_FORGET, KIND_WORD, WORD_HEAD } from '../../telemetry/records/record-layout.ts';
import { NO_ROOM, type RingWriter } from '../../telemetry/records/record-ring.ts';

/** With more of them all are forgotten, on both sides: addresses that were dialled once must not fill memory. */
const MOST_WORDS = 8192;
const MOST_BYTES = 1024;
/** Places of a record that name a word. */
export const USES = 8;

export class WordTable {
  readonly #ring: RingWriter;
  readonly #numbers = new Map<string, number>([['', 0]]);
  /** What each use asked for last: mostly it is the same again, which costs no look into the map. */
  readonly #lastText: string[] = new Array<string>(USES).fill('');
  readonly #lastNumber = new Int32Array(USES);

  constructor(ring: RingWriter) {
    this.#ring = ring;
  }

  /** Call before the words of one record: those that it names must not be forgotten meanwhile. */
  makeRoom(): void {
    if (this.#numbers.size + USES > MOST_WORDS) this.#forget();
  }

  /** The number of a text; 0, which is the empty one, when main cannot be told. @param use below USES: who asks */
  numberOf(text: string, use: number = USES - 1): number {
    if (text === this.#lastText[use]) return this.#lastNumber[use] as number;
    const number = this.#numbers.get(text) ?? this.#define(text);
    if (number === 0 && text !== '') return 0;
    this.#lastText[use] = text;
    this.#lastNumber[use] = number;
    return number;
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
    this.#lastText.fill('');
    this.#lastNumber.fill(0);
    this.#numbers.clear();
    this.#numbers.set('', 0);
    return true;
  }
}
