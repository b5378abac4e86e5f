/** The dynamic table of an encoder, and how it finds entries in it: by hash, or by the number that a decoder gave the field. */
import { AT, DynamicTable, ENTRY_OVERHEAD, NAME_LENGTH, USER, VALUE_LENGTH } from './dynamic-table.ts';
import { equalNames, equalRuns, lower } from './hpack-hash.ts';
import { nextNumber } from './hpack-number.ts';
import type { FieldPair } from './hpack-pair.ts';
import { STATIC_ENTRIES } from './static-table.ts';

/** Columns of a row. OLDER: number of the entry before with the same bucket. */
const NAME_HASH = USER;
const PAIR_HASH = USER + 1;
const OLDER = USER + 2;
/** `FieldPair.known`. */
const KNOWN = USER + 3;

const BUCKETS = 64;
const TOKENS = 128;
const NO_NUMBERS = new Int32Array(0);
const NO_TOKENS = new Float64Array(0);

export class EntryIndex {
  readonly table: DynamicTable;
  /** Another number whenever the table changed. */
  version = nextNumber();
  /** Set by `find`: index of some entry with that name, 0 = none. */
  nameIndex = 0;
  /** Number of the newest entry by hash of the name. Those no longer alive stay: nothing is unlinked. */
  #buckets = NO_NUMBERS;
  /** Fields of decoders by their tokens, with the numbers of their entries here. */
  #tokens = NO_TOKENS;
  #numbers = NO_TOKENS;

  constructor(capacity: number) {
    this.table = new DynamicTable(capacity);
  }

  setCapacity(bytes: number): void {
    this.table.setCapacity(bytes);
    this.version = nextNumber();
  }

  /** Index of the entry that this token stands for, or 0. */
  findToken(token: number): number {
    const slot = token & (TOKENS - 1);
    if (this.#tokens === NO_TOKENS || this.#tokens[slot] !== token) return 0;
    return this.indexOf(this.#numbers[slot]);
  }

  /** Index of the entry with that name, letters' case aside, and value; 0 = none. See `nameIndex`. */
  find(pair: FieldPair): number {
    const { table } = this;
    const { rows, inserted, count } = table;
    this.nameIndex = 0;
    if (count === 0) return 0;
    let number = this.#buckets[pair.nameHash & (BUCKETS - 1)];
    let last = 0;
    for (;;) {
      // Modulo 2^32: a number left over from long ago leads to some entry that is alive, and its bytes decide.
      const age = (inserted - number) | 0;
      if (age <= last || age > count) return 0;
      last = age;
      const row = table.rowOf(number);
      if (rows[row + NAME_HASH] === pair.nameHash && this.#hasName(row, pair)) {
        if (this.nameIndex === 0) this.nameIndex = STATIC_ENTRIES + age;
        if (rows[row + PAIR_HASH] === pair.pairHash && this.#hasValue(row, pair)) {
          if (pair.token > 0) this.#learn(pair.token, inserted - age);
          return STATIC_ENTRIES + age;
        }
      }
      number = rows[row + OLDER];
    }
  }

  /** Number of the entry that has this index now. */
  numberAt(index: number): number {
    return this.table.inserted + STATIC_ENTRIES - index;
  }

  /** Index of the entry with that number, 0 = it is gone. */
  indexOf(number: number): number {
    const age = this.table.inserted - number;
    return age <= this.table.count ? STATIC_ENTRIES + age : 0;
  }

  /** True if an entry of that size may be added. Large ones would push out too much that is useful. */
  accepts(length: number): boolean {
    return length + ENTRY_OVERHEAD <= this.table.capacity >> 2;
  }

  /** Adds an entry that `accepts` allows; its name is kept in lower case. */
  insert(pair: FieldPair): void {
    const { table } = this;
    const { names, nameAt, nameLength, nameHash, values, valueAt, valueLength } = pair;
    if (this.#buckets === NO_NUMBERS) this.#buckets = new Int32Array(BUCKETS).fill(-1);
    table.evict(table.capacity - nameLength - valueLength - ENTRY_OVERHEAD);
    const row = table.insert(names.bytes, nameAt, nameLength, values.bytes, valueAt, valueLength);
    const { rows, bytes } = table;
    const at = rows[row + AT];
    if (pair.known === 0) for (let i = at; i < at + nameLength; i++) bytes[i] = lower(bytes[i]);
    const bucket = nameHash & (BUCKETS - 1);
    rows[row + NAME_HASH] = nameHash;
    rows[row + PAIR_HASH] = pair.pairHash;
    rows[row + KNOWN] = pair.known;
    rows[row + OLDER] = this.#buckets[bucket];
    this.#buckets[bucket] = table.inserted - 1;
    if (pair.token > 0) this.#learn(pair.token, table.inserted - 1);
    this.version = nextNumber();
  }

  #learn(token: number, number: number): void {
    if (this.#tokens === NO_TOKENS) {
      this.#tokens = new Float64Array(TOKENS);
      this.#numbers = new Float64Array(TOKENS);
    }
    this.#tokens[token & (TOKENS - 1)] = token;
    this.#numbers[token & (TOKENS - 1)] = number;
  }

  #hasName(row: number, pair: FieldPair): boolean {
    const { rows, view } = this.table;
    if (rows[row + KNOWN] !== pair.known) return false;
    if (pair.known > 0) return true;
    const { nameAt, nameLength } = pair;
    return (
      rows[row + NAME_LENGTH] === nameLength && equalNames(view, rows[row + AT], pair.names.view, nameAt, nameLength)
    );
  }

  #hasValue(row: number, pair: FieldPair): boolean {
    const { rows, view } = this.table;
    const { valueAt, valueLength } = pair;
    const from = rows[row + AT] + rows[row + NAME_LENGTH];
    return rows[row + VALUE_LENGTH] === valueLength && equalRuns(view, from, pair.values.view, valueAt, valueLength);
  }
}
