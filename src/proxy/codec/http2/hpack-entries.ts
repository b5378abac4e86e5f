/** The dynamic table of a decoder: what it knows of each entry beside its strings, so that a reference costs no copy. */
import { AT, DynamicTable, ENTRY_OVERHEAD, NAME_LENGTH, USER, VALUE_LENGTH } from './dynamic-table.ts';
import type { HeadArea } from './hpack-area.ts';
import { copyBytes } from './hpack-hash.ts';
import { nextNumber } from './hpack-number.ts';
import type { StringReader } from './hpack-strings.ts';

/** Columns of a row beside AT, NAME_LENGTH, VALUE_LENGTH. */
export const KIND = USER;
/** Where in the area the strings lie, if LAP is the area's. */
export const NAME_PLACE = USER + 1;
export const VALUE_PLACE = USER + 2;
const LAP = USER + 3;

const NOWHERE = -1;

export class DecodedEntries {
  readonly table: DynamicTable;
  /** Another number whenever the table changed; equal numbers mean equal tables, also those of two decoders. */
  version = 0;
  /** Of the entry that `find` found: the number of its name and value (`Http2Head.fieldToken`). */
  token = 0;
  /** Nothing may be said of where strings lie: the places are used again. */
  isScratch = false;
  readonly #area: HeadArea;
  readonly #strings: StringReader;

  constructor(area: HeadArea, strings: StringReader, capacity: number) {
    this.table = new DynamicTable(capacity);
    this.#area = area;
    this.#strings = strings;
  }

  /** Row of the entry that the index beyond the static table names (0 = newest), with its strings in the area (as scratch: its name); -1 = none. */
  find(index: number): number {
    const { table } = this;
    if (index >= table.count) return -1;
    const number = table.inserted - 1 - index;
    const row = table.rowOf(number);
    this.token = table.tokens[table.slotOf(number)];
    if (table.rows[row + LAP] !== this.#area.lap) this.#place(row);
    return row;
  }

  setCapacity(bytes: number): void {
    if (bytes === this.table.capacity) return;
    this.table.setCapacity(bytes);
    this.version = nextNumber();
  }

  /** An entry too large for any table: everything goes (RFC 7541 4.4). */
  clear(): void {
    this.table.evict(0);
    this.version = nextNumber();
  }

  /** Adds an entry whose strings lie in the area or in the section. Returns its number. */
  insert(kind: number, nameAt: number, nameLength: number, valueAt: number, valueLength: number): number {
    const { table } = this;
    const area = this.#area;
    const token = nextNumber();
    const size = nameLength + valueLength + ENTRY_OVERHEAD;
    this.version = token;
    if (size > table.capacity) {
      table.evict(0);
      return token;
    }
    table.evict(table.capacity - size);
    const row = table.insert(area.bytes, nameAt, nameLength, area.bytes, valueAt, valueLength);
    const { rows } = table;
    rows[row + KIND] = kind;
    rows[row + NAME_PLACE] = nameAt;
    rows[row + VALUE_PLACE] = valueAt;
    rows[row + LAP] = !this.isScratch && area.holds(nameAt) && area.holds(valueAt) ? area.lap : NOWHERE;
    table.tokens[table.slotOf(table.inserted - 1)] = token;
    return token;
  }

  /** Copies the entry's strings into the area; as scratch only the name, for nobody will look at the value. */
  #place(row: number): void {
    const { rows, bytes } = this.table;
    const at = this.#strings.next;
    const nameLength = rows[row + NAME_LENGTH];
    const length = this.isScratch ? nameLength : nameLength + rows[row + VALUE_LENGTH];
    copyBytes(this.#area.bytes, at, bytes, rows[row + AT], length);
    this.#strings.next = at + length;
    rows[row + NAME_PLACE] = at;
    rows[row + VALUE_PLACE] = at + nameLength;
    rows[row + LAP] = this.isScratch ? NOWHERE : this.#area.lap;
  }
}
