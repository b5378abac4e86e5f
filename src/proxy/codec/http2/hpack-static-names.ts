/** Finding the names and values of the static table, and what of them is worth an entry of the dynamic table. */
import { equalNames, equalRuns, hashName } from './hpack-hash.ts';
import {
  STATIC_BYTES,
  STATIC_ENTRIES,
  STATIC_NAME_AT,
  STATIC_NAME_LENGTH,
  STATIC_VALUE_AT,
  STATIC_VALUE_LENGTH,
  STATIC_VIEW,
} from './static-table.ts';

/** Values are indexed when they repeat. */
export const USUAL = 0;
/** Values differ between most messages: indexed only if the sender did so and used it. */
export const VARYING = 1;
/** Never indexed: a table shared by many clients must not tell them of each other's secrets (RFC 7541 7.1.3). */
export const SECRET = 2;

const SLOTS = 256;
/** Index of a name's first entry by its hash; with open addressing. */
const BY_HASH = new Uint8Array(SLOTS);
/** By index of a name's first entry: its hash, how many entries have values, and one of USUAL, VARYING, SECRET. */
export const STATIC_NAME_HASH = new Int32Array(STATIC_ENTRIES + 1);
const VALUES = new Uint8Array(STATIC_ENTRIES + 1);
export const INDEXING = new Uint8Array(STATIC_ENTRIES + 1);

const SECRET_NAMES = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie'];
const VARYING_NAMES = [
  'age',
  'content-length',
  'content-range',
  'date',
  'etag',
  'expires',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'range',
];

function fillTables(): void {
  let first = 0;
  for (let index = 1; index <= STATIC_ENTRIES; index++) {
    const name = nameOf(index);
    if (first === 0 || nameOf(first) !== name) first = index;
    if (STATIC_VALUE_LENGTH[index] > 0) VALUES[first]++;
    INDEXING[index] = SECRET_NAMES.includes(name) ? SECRET : VARYING_NAMES.includes(name) ? VARYING : USUAL;
    const hash = hashName(STATIC_VIEW, STATIC_NAME_AT[index], STATIC_NAME_LENGTH[index]);
    STATIC_NAME_HASH[index] = hash;
    if (first !== index) continue;
    let slot = hash & (SLOTS - 1);
    while (BY_HASH[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
    BY_HASH[slot] = index;
  }
}
fillTables();

function nameOf(index: number): string {
  const at = STATIC_NAME_AT[index];
  return String.fromCharCode(...STATIC_BYTES.subarray(at, at + STATIC_NAME_LENGTH[index]));
}

/** Index of the first entry with that name (its hash made by `hashName`), letters' case aside; 0 = none. */
export function findStaticName(view: DataView, hash: number, at: number, length: number): number {
  let slot = hash & (SLOTS - 1);
  for (let index = BY_HASH[slot]; index !== 0; index = BY_HASH[slot]) {
    if (
      STATIC_NAME_HASH[index] === hash &&
      STATIC_NAME_LENGTH[index] === length &&
      equalNames(STATIC_VIEW, STATIC_NAME_AT[index], view, at, length)
    ) {
      return index;
    }
    slot = (slot + 1) & (SLOTS - 1);
  }
  return 0;
}

/** Index of the entry with that value among those that begin at `first`; 0 = none. */
export function findStaticValue(first: number, view: DataView, at: number, length: number): number {
  for (let index = first; index < first + VALUES[first]; index++) {
    if (STATIC_VALUE_LENGTH[index] !== length) continue;
    if (equalRuns(STATIC_VIEW, STATIC_VALUE_AT[index], view, at, length)) return index;
  }
  return 0;
}
