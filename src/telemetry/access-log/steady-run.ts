/** Steps side by side whose words are the same for most records: they are kept, and copied until a number differs that they follow from. */
import { copyBytes, Piece } from '../../core/piece.ts';
import type { RecordView } from '../records/record-view.ts';
import type { Basis } from './basis.ts';
import type { LineWriter } from './line-writer.ts';

/** Longer words are not kept. */
const MOST_KEPT = 512;

export class SteadyRun {
  readonly #places: Int32Array;
  readonly #empty: Uint8Array;
  readonly #write: (view: RecordView, out: LineWriter) => void;
  /** Of the record whose words are kept. */
  readonly #numbers: Int32Array;
  #view: RecordView | null = null;
  #words = -1;
  #kept = new Piece(new Uint8Array(0));

  /** @param write writes the words of any record */
  constructor({ places, empty }: Basis, write: (view: RecordView, out: LineWriter) => void) {
    this.#places = Int32Array.from(places);
    this.#empty = Uint8Array.from(empty);
    this.#numbers = new Int32Array(places.length);
    this.#write = write;
  }

  write(view: RecordView, out: LineWriter): void {
    if (!this.#isSteady(view)) this.#write(view, out);
    else if (this.#isKept(view)) out.literal(this.#kept);
    else this.#keep(view, out);
  }

  #isSteady({ textLength }: RecordView): boolean {
    const empty = this.#empty;
    for (let i = 0; i < empty.length; i++) if (textLength[empty[i]] !== 0) return false;
    return true;
  }

  /** Numbers of words are those of one thread, until it forgets them. */
  #isKept(view: RecordView): boolean {
    if (this.#view !== view || this.#words !== view.words) return false;
    const places = this.#places;
    const numbers = this.#numbers;
    for (let i = 0; i < places.length; i++) if (view.int(places[i]) !== numbers[i]) return false;
    return true;
  }

  #keep(view: RecordView, out: LineWriter): void {
    const from = out.at;
    this.#write(view, out);
    const length = out.at - from;
    this.#view = length > MOST_KEPT ? null : view;
    if (this.#view === null) return;
    this.#words = view.words;
    for (let i = 0; i < this.#places.length; i++) this.#numbers[i] = view.int(this.#places[i]);
    if (this.#kept.length !== length) this.#kept = new Piece(new Uint8Array(length));
    copyBytes(out.view, from, length, this.#kept.view, 0);
  }
}
