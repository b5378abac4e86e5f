/** The names of literals (RFC 7541 6.2), by index or spelled out. */
import { NAME_LENGTH } from './dynamic-table.ts';
import type { HeadArea } from './hpack-area.ts';
import { type DecodedEntries, KIND, NAME_PLACE } from './hpack-entries.ts';
import { BAD_VALUE, kindOfName, STATIC_KIND } from './hpack-kinds.ts';
import { OVERLONG, type StringReader } from './hpack-strings.ts';
import { STATIC_ENTRIES, STATIC_NAME_AT, STATIC_NAME_LENGTH } from './static-table.ts';

export class NameReader {
  /** As in hpack-kinds.ts. */
  kind = 0;
  at = 0;
  /** Maybe OVERLONG. */
  length = 0;
  /** Where decoded strings of this field must end: what goes beyond fits neither the list nor the table. */
  limit = 0;
  readonly #area: HeadArea;
  readonly #strings: StringReader;
  readonly #entries: DecodedEntries;

  constructor(area: HeadArea, strings: StringReader, entries: DecodedEntries) {
    this.#area = area;
    this.#strings = strings;
    this.#entries = entries;
  }

  /**
   * Reads the name that `index`, or for 0 the literal at `from`, gives. `bytesLeft`: of the list.
   * @returns the offset after it, or -1 if there is no such entry or no valid literal
   */
  read(index: number, from: number, end: number, bytesLeft: number): number {
    const strings = this.#strings;
    const { table } = this.#entries;
    if (index > STATIC_ENTRIES) {
      const row = this.#entries.find(index - STATIC_ENTRIES - 1);
      if (row < 0) return -1;
      this.kind = table.rows[row + KIND] & ~BAD_VALUE;
      this.at = table.rows[row + NAME_PLACE];
      this.length = table.rows[row + NAME_LENGTH];
    } else if (index > 0) {
      this.kind = STATIC_KIND[index];
      this.at = this.#area.staticAt + STATIC_NAME_AT[index];
      this.length = STATIC_NAME_LENGTH[index];
    }
    this.limit = strings.next + Math.max(bytesLeft, table.capacity);
    return index > 0 ? from : this.#readLiteral(from, end);
  }

  #readLiteral(from: number, end: number): number {
    const strings = this.#strings;
    const after = strings.read(from, end, this.limit);
    this.at = strings.at;
    this.length = strings.length;
    if (after >= 0 && this.length !== OVERLONG) this.kind = kindOfName(this.#area.bytes, this.at, this.length);
    return after;
  }
}
