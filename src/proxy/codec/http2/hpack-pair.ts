/** A name and value on their way into a section: where they lie and their hashes. One object of a writer, reused. */
import type { Memory } from './hpack-area.ts';
import { STATIC_BYTES, STATIC_NAME_AT, STATIC_NAME_LENGTH, STATIC_VIEW } from './static-table.ts';

const STATIC: Memory = { bytes: STATIC_BYTES, view: STATIC_VIEW };

export class FieldPair {
  /** Index of the name's first entry in the static table, where the name lies then; 0 = it is not there. */
  known = 0;
  /** The memory of the name. */
  names: Memory;
  /** The memory of the value. */
  readonly values: Memory;
  nameAt = 0;
  nameLength = 0;
  nameHash = 0;
  valueAt = 0;
  valueLength = 0;
  pairHash = 0;
  /** As in Http2Head; 0 = none. */
  token = 0;

  constructor(values: Memory) {
    this.names = values;
    this.values = values;
  }

  /** A name that the static table has. */
  setKnown(known: number): void {
    this.known = known;
    this.names = STATIC;
    this.nameAt = STATIC_NAME_AT[known];
    this.nameLength = STATIC_NAME_LENGTH[known];
  }

  /** Any other name, in the memory of the values. */
  setName(at: number, length: number): void {
    this.known = 0;
    this.names = this.values;
    this.nameAt = at;
    this.nameLength = length;
  }

  setValue(at: number, length: number, token: number): void {
    this.valueAt = at;
    this.valueLength = length;
    this.token = token;
  }
}
