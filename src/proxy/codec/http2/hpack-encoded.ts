/**
 * Sections that were written before: while neither the head, nor the plan, nor the table is another, the bytes are the same. Kept for
 * all encoders of the thread together, so that memory does not grow with the number of connections.
 */
import type { CompiledEdits } from '../http1/header-edits.ts';

const SLOTS = 128;
const SLOT_BYTES = 512;

/** What names an encoded section. */
export interface EncodedKey {
  /** `Http2Head.sectionId`; 0 = not to be kept. */
  section: number;
  /** Of the encoder's table. */
  version: number;
  edits: CompiledEdits | null;
  scheme: string;
}

export class EncodedMemory {
  #bytes = Buffer.alloc(0);
  readonly #sections = new Float64Array(SLOTS);
  readonly #versions = new Float64Array(SLOTS);
  readonly #edits: (CompiledEdits | null)[] = new Array<CompiledEdits | null>(SLOTS).fill(null);
  readonly #schemes: string[] = new Array<string>(SLOTS).fill('');
  readonly #lengths = new Int32Array(SLOTS);

  /** Writes the section at `to` and returns its length, or 0 if it is not known or longer than `room`. */
  recall(key: EncodedKey, out: Buffer, to: number, room: number): number {
    const slot = slotOf(key);
    if (this.#sections[slot] !== key.section || this.#versions[slot] !== key.version) return 0;
    if (this.#edits[slot] !== key.edits || this.#schemes[slot] !== key.scheme) return 0;
    const length = this.#lengths[slot];
    if (length > room) return 0;
    const from = slot * SLOT_BYTES;
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) out[to + i] = bytes[from + i];
    return length;
  }

  keep(key: EncodedKey, from: Buffer, at: number, length: number): void {
    if (length > SLOT_BYTES) return;
    if (this.#bytes.length === 0) this.#bytes = Buffer.alloc(SLOTS * SLOT_BYTES);
    const slot = slotOf(key);
    this.#sections[slot] = key.section;
    this.#versions[slot] = key.version;
    this.#edits[slot] = key.edits;
    this.#schemes[slot] = key.scheme;
    this.#lengths[slot] = length;
    from.copy(this.#bytes, slot * SLOT_BYTES, at, at + length);
  }
}

function slotOf(key: EncodedKey): number {
  return (key.section + Math.imul(key.version, 0x9e3779b1)) & (SLOTS - 1);
}
