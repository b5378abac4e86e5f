/**
 * Writes fields, each by index if it is in a table, else as a literal. A name and value enter the table when they are seen for
 * the second time, so that what differs in each message does not push out what repeats.
 */
import type { Memory } from './hpack-area.ts';
import { hashBytes, hashName, lower } from './hpack-hash.ts';
import { EntryIndex } from './hpack-index.ts';
import type { Inserted } from './hpack-inserted.ts';
import { writeInteger } from './hpack-integer.ts';
import { FieldPair } from './hpack-pair.ts';
import { findStaticName, findStaticValue, INDEXING, SECRET, STATIC_NAME_HASH, VARYING } from './hpack-static-names.ts';
import { NEVER_INDEXED, REPEATED } from './http2-head.ts';
import { encodeHuffman, huffmanLength } from './huffman.ts';
import { STATIC_ENTRIES } from './static-table.ts';

/** What a literal costs at most beside its strings: an index and two lengths, or one index and three. */
export const LITERAL_OVERHEAD = 12;

const SEEN = 128;
const GROUP = 4;
const NOTHING_SEEN = new Int32Array(0);

export class FieldWriter {
  /** Where the next byte goes. The caller has made sure that there is room. */
  at = 0;
  readonly index: EntryIndex;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #pair: FieldPair;
  /** Hashes of names and of pairs seen once. */
  #seen = NOTHING_SEEN;
  /** The name that `writeInserted` got last, and the number of an entry with it. */
  #lastInserted: Uint8Array | null = null;
  #lastNumber = 0;

  constructor(memory: Memory, capacity: number) {
    this.#bytes = memory.bytes;
    this.#view = memory.view;
    this.#pair = new FieldPair(memory);
    this.index = new EntryIndex(capacity);
  }

  /** A name and value of a table. */
  writeIndexed(index: number): void {
    if (index < 0x7f) this.#bytes[this.at++] = 0x80 | index;
    else this.at = writeInteger(this.#bytes, this.at, index, 7, 0x80);
  }

  /** A field of a message; `flags` and `token` as in Http2Head, or 0. */
  writeField(
    nameAt: number,
    nameLength: number,
    valueAt: number,
    valueLength: number,
    flags: number,
    token: number,
  ): void {
    if (token > 0 && this.#writeToken(token)) return;
    const pair = this.#pair;
    pair.nameHash = hashName(this.#view, nameAt, nameLength);
    const known = findStaticName(this.#view, pair.nameHash, nameAt, nameLength);
    if (known > 0) return this.#writeKnown(known, valueAt, valueLength, flags, token);
    pair.setName(nameAt, nameLength);
    pair.setValue(valueAt, valueLength, token);
    const isNever = (flags & NEVER_INDEXED) !== 0;
    if (isNever || !this.index.accepts(nameLength + valueLength)) {
      this.#findName();
      return this.#writeLiteral(this.index.nameIndex, isNever);
    }
    const index = this.#findPair();
    const { nameIndex } = this.index;
    if (index > 0) this.writeIndexed(index);
    else if (this.#isWorth(flags, nameIndex)) this.#writeNew(nameIndex);
    else this.#writeLiteral(nameIndex, false);
  }

  /** A field whose name is that of the entry `known`, the first with this name in the static table. */
  writeKnown(known: number, valueAt: number, valueLength: number, token: number): void {
    if (token > 0 && this.#writeToken(token)) return;
    this.#pair.nameHash = STATIC_NAME_HASH[known];
    this.#writeKnown(known, valueAt, valueLength, 0, token);
  }

  /**
   * A field of ours, whose value is another each time: it is never indexed, but its name is. Bytes from `scratch` on may be
   * overwritten, as many as name and value have.
   */
  writeInserted(field: Inserted, scratch: number): void {
    const bytes = this.#bytes;
    const { name, value } = field;
    const nameIndex = this.#lastInserted === name ? this.index.indexOf(this.#lastNumber) : 0;
    if (nameIndex > 0) {
      const { length } = value;
      let at = writeInteger(bytes, this.at, nameIndex, 4, 0);
      at = writeInteger(bytes, at, length, 7, 0);
      for (let i = 0; i < length; i++) bytes[at + i] = value[i];
      this.at = at + length;
      return;
    }
    bytes.set(name, scratch);
    bytes.set(value, scratch + name.length);
    this.#writeChanging(scratch, name.length, scratch + name.length, value.length);
    if (this.index.nameIndex === 0) return;
    this.#lastInserted = name;
    this.#lastNumber = this.index.numberAt(this.index.nameIndex);
  }

  #writeChanging(nameAt: number, nameLength: number, valueAt: number, valueLength: number): void {
    const pair = this.#pair;
    pair.nameHash = hashName(this.#view, nameAt, nameLength);
    pair.setName(nameAt, nameLength);
    pair.setValue(valueAt, valueLength, 0);
    this.index.nameIndex = 0;
    const known = findStaticName(this.#view, pair.nameHash, nameAt, nameLength);
    if (known > 0) return this.#writeLiteral(known, false);
    this.#findName();
    const { nameIndex } = this.index;
    if (nameIndex > 0 || !this.index.accepts(nameLength + valueLength)) this.#writeLiteral(nameIndex, false);
    else this.#writeNew(0);
  }

  #writeKnown(known: number, valueAt: number, valueLength: number, flags: number, token: number): void {
    const isNever = (flags & NEVER_INDEXED) !== 0;
    const isRepeated = (flags & REPEATED) !== 0;
    const fixed = isNever ? 0 : findStaticValue(known, this.#view, valueAt, valueLength);
    if (fixed > 0) return this.writeIndexed(fixed);
    this.#pair.setKnown(known);
    this.#pair.setValue(valueAt, valueLength, token);
    const isLiteral = INDEXING[known] === SECRET || (INDEXING[known] === VARYING && !isRepeated);
    if (isNever || isLiteral || !this.index.accepts(this.#pair.nameLength + valueLength)) {
      return this.#writeLiteral(known, isNever);
    }
    const index = this.#findPair();
    if (index > 0) this.writeIndexed(index);
    else if (isRepeated || this.#isSeen(this.#pair.pairHash)) this.#writeNew(known);
    else this.#writeLiteral(known, false);
  }

  /** A name that comes again gets an entry even if its values differ: from then on it costs two bytes. */
  #isWorth(flags: number, nameIndex: number): boolean {
    if ((flags & REPEATED) !== 0 || this.#isSeen(this.#pair.pairHash)) return true;
    return nameIndex === 0 && this.#isSeen(this.#pair.nameHash);
  }

  #writeToken(token: number): boolean {
    const index = token <= STATIC_ENTRIES ? token : this.index.findToken(token);
    if (index > 0) this.writeIndexed(index);
    return index > 0;
  }

  #findPair(): number {
    const pair = this.#pair;
    pair.pairHash = hashBytes(this.#view, pair.valueAt, pair.valueLength, pair.nameHash);
    return this.index.find(pair);
  }

  /** As `#findPair`, for the name alone: a value that is not to be looked up is not read either. */
  #findName(): void {
    this.#pair.pairHash = 0;
    this.index.find(this.#pair);
  }

  /** True if this hash was met before and not displaced since: four have their place in each of the groups, the oldest goes. */
  #isSeen(hash: number): boolean {
    if (this.#seen === NOTHING_SEEN) this.#seen = new Int32Array(SEEN);
    const seen = this.#seen;
    const group = (hash & (SEEN / GROUP - 1)) * GROUP;
    for (let i = group; i < group + GROUP; i++) if (seen[i] === hash) return true;
    for (let i = group + GROUP - 1; i > group; i--) seen[i] = seen[i - 1];
    seen[group] = hash;
    return false;
  }

  /** Literal with incremental indexing (RFC 7541 6.2.1), compressed: it is written once. */
  #writeNew(nameIndex: number): void {
    const bytes = this.#bytes;
    const { valueAt, valueLength } = this.#pair;
    this.at = writeInteger(bytes, this.at, nameIndex, 6, 0x40);
    if (nameIndex === 0) this.#writeName();
    const length = huffmanLength(bytes, valueAt, valueLength);
    if (length < valueLength) {
      this.at = writeInteger(bytes, this.at, length, 7, 0x80);
      this.at = encodeHuffman(bytes, valueAt, valueLength, bytes, this.at);
    } else {
      this.#writeValue();
    }
    this.index.insert(this.#pair);
  }

  /** Literal without indexing, or never indexed (RFC 7541 6.2.2, 6.2.3). Not compressed: that costs us and the peer more than it saves. */
  #writeLiteral(nameIndex: number, isNever: boolean): void {
    this.at = writeInteger(this.#bytes, this.at, nameIndex, 4, isNever ? 0x10 : 0);
    if (nameIndex === 0) this.#writeName();
    this.#writeValue();
  }

  #writeName(): void {
    const bytes = this.#bytes;
    const { names, nameAt, nameLength } = this.#pair;
    let at = writeInteger(bytes, this.at, nameLength, 7, 0);
    for (let i = nameAt; i < nameAt + nameLength; i++) bytes[at++] = lower(names.bytes[i]);
    this.at = at;
  }

  #writeValue(): void {
    const bytes = this.#bytes;
    const { valueAt, valueLength } = this.#pair;
    const at = writeInteger(bytes, this.at, valueLength, 7, 0);
    if (valueLength > 64) bytes.copyWithin(at, valueAt, valueAt + valueLength);
    else for (let i = 0; i < valueLength; i++) bytes[at + i] = bytes[valueAt + i];
    this.at = at + valueLength;
  }
}
