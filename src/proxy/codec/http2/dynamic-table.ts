/**
 * A dynamic table (RFC 7541 2.3.2, 4): entries by number in typed arrays, their strings in one block of bytes, no object for
 * an entry. Shared by the decoder and the encoder, which keep what they know of an entry in its row.
 */

import { copyBytes } from './hpack-hash.ts';

/** What an entry costs beside its strings (RFC 7541 4.1). */
export const ENTRY_OVERHEAD = 32;
/** Columns of a row. The value lies behind the name. */
export const AT = 0;
export const NAME_LENGTH = 1;
export const VALUE_LENGTH = 2;
/** From here on the row belongs to the user of the table. */
export const USER = 3;
export const ROW = 7;

/** A power of two. */
const FEWEST_SLOTS = 16;
const FEWEST_BYTES = 512;
const NO_BYTES = Buffer.alloc(0);
const NO_VIEW = new DataView(NO_BYTES.buffer, 0, 0);
const NO_ROWS = new Int32Array(0);
const NO_TOKENS = new Float64Array(0);

export class DynamicTable {
  /** Largest size now (RFC 7541 4.1). */
  capacity: number;
  size = 0;
  /** Entries alive. */
  count = 0;
  /** Entries ever inserted; the newest has the number `inserted - 1`. */
  inserted = 0;
  /** ROW columns for each slot. Allocated with the first entry. */
  rows = NO_ROWS;
  /** One number for each slot, which belongs to the user of the table too. */
  tokens = NO_TOKENS;
  bytes = NO_BYTES;
  /** Over `bytes`. */
  view = NO_VIEW;
  /** Slots less one; there is a power of two of them. */
  #mask = -1;
  #end = 0;

  /** @param capacity bytes, at the start */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Offset in `rows` of the entry with that number; it must be alive. */
  rowOf(number: number): number {
    return (number & this.#mask) * ROW;
  }

  /** Place in `tokens` of the entry with that number; it must be alive. */
  slotOf(number: number): number {
    return number & this.#mask;
  }

  /** Changes the capacity, which may evict. */
  setCapacity(bytes: number): void {
    this.capacity = bytes;
    this.evict(bytes);
  }

  /** Drops the oldest entries until the size is at most `limit`. */
  evict(limit: number): void {
    while (this.size > limit) {
      const row = this.rowOf(this.inserted - this.count);
      this.size -= this.rows[row + NAME_LENGTH] + this.rows[row + VALUE_LENGTH] + ENTRY_OVERHEAD;
      this.count--;
    }
  }

  /**
   * Adds an entry for which `evict` has made room (its size is at most `capacity`). Name and value may lie in different memories.
   * @returns its row
   */
  insert(
    names: Buffer,
    nameAt: number,
    nameLength: number,
    values: Buffer,
    valueAt: number,
    valueLength: number,
  ): number {
    this.#growRows();
    const length = nameLength + valueLength;
    if (this.#end + length > this.bytes.length) this.#makeRoom(length);
    const at = this.#end;
    copyBytes(this.bytes, at, names, nameAt, nameLength);
    copyBytes(this.bytes, at + nameLength, values, valueAt, valueLength);
    this.#end += length;
    const row = this.rowOf(this.inserted);
    this.rows[row + AT] = at;
    this.rows[row + NAME_LENGTH] = nameLength;
    this.rows[row + VALUE_LENGTH] = valueLength;
    this.inserted++;
    this.count++;
    this.size += length + ENTRY_OVERHEAD;
    return row;
  }

  /** Twice as many slots, when all are taken. Entries change their slots: the numbers stay. */
  #growRows(): void {
    if (this.count <= this.#mask) return;
    const slots = Math.max(FEWEST_SLOTS, 2 * this.count);
    const rows = new Int32Array(slots * ROW);
    const tokens = new Float64Array(slots);
    for (let number = this.inserted - this.count; number < this.inserted; number++) {
      const from = this.rowOf(number);
      rows.set(this.rows.subarray(from, from + ROW), (number & (slots - 1)) * ROW);
      tokens[number & (slots - 1)] = this.tokens[number & this.#mask];
    }
    this.rows = rows;
    this.tokens = tokens;
    this.#mask = slots - 1;
  }

  /** Moves the strings that are alive to the front, of a larger block if they would fill more than half of this one. */
  #makeRoom(length: number): void {
    const from = this.count === 0 ? this.#end : this.rows[this.rowOf(this.inserted - this.count) + AT];
    const alive = this.#end - from;
    let capacity = Math.max(this.bytes.length, FEWEST_BYTES);
    while (capacity < 2 * (alive + length)) capacity *= 2;
    if (capacity === this.bytes.length) {
      this.bytes.copyWithin(0, from, this.#end);
    } else {
      const bytes = Buffer.alloc(capacity);
      this.bytes.copy(bytes, 0, from, this.#end);
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    for (let number = this.inserted - this.count; number < this.inserted; number++) {
      this.rows[this.rowOf(number) + AT] -= from;
    }
    this.#end = alive;
  }
}
