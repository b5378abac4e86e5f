/** A head made of text, for messages of our own: its bytes are put where the caller says. */
import { MessageHead } from '../codec/message-head.ts';

const MAX_FIELDS = 128;

/** One reused object: `begin`, then `add` or `addPlaced`. */
export class OwnHead extends MessageHead {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    super(
      new Int32Array(MAX_FIELDS),
      new Int32Array(MAX_FIELDS),
      new Int32Array(MAX_FIELDS),
      new Int32Array(MAX_FIELDS),
    );
    this.#bytes = bytes;
  }

  /** Trailers (status 0) or the head of a response. @param at where names and values may be put */
  begin(status: number, at: number): void {
    this.reset(false);
    this.status = status;
    this.#at = at;
  }

  /** Latin1; the name in lower case. */
  add(name: string, value: string): void {
    this.addPlaced(this.#put(name), name.length, this.#put(value), value.length);
  }

  /** A field whose bytes already lie in the memory. What does not fit is left out. */
  addPlaced(nameAt: number, nameLength: number, valueAt: number, valueLength: number): void {
    const i = this.fieldCount;
    if (i === MAX_FIELDS) return;
    this.nameAt[i] = nameAt;
    this.nameLength[i] = nameLength;
    this.valueAt[i] = valueAt;
    this.valueLength[i] = valueLength;
    this.fieldKind[i] = 0;
    this.fieldCount = i + 1;
  }

  #put(text: string): number {
    const at = this.#at;
    this.#at += this.#bytes.write(text, at, 'latin1');
    return at;
  }
}
