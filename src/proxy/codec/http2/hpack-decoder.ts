/** HPACK decoding (RFC 7541) of the field sections that one peer sends on one connection. */
import { NAME_LENGTH, VALUE_LENGTH } from './dynamic-table.ts';
import type { HeadArea } from './hpack-area.ts';
import { DecodedEntries, KIND, NAME_PLACE, VALUE_PLACE } from './hpack-entries.ts';
import { copyBytes, hashBytes } from './hpack-hash.ts';
import { IntegerReader } from './hpack-integer.ts';
import { checkValue, STATIC_KIND } from './hpack-kinds.ts';
import { REMEMBERED_BYTES, type SectionKey } from './hpack-memory.ts';
import { NameReader } from './hpack-names.ts';
import { nextNumber } from './hpack-number.ts';
import { OVERLONG, StringReader } from './hpack-strings.ts';
import {
  COMPRESSION_ERROR,
  DECODED,
  type DecodeResult,
  type HeadKind,
  type Http2Head,
  MALFORMED,
  NEVER_INDEXED,
  REPEATED,
  TOO_LARGE,
} from './http2-head.ts';
import { SectionReader } from './read-http2-head.ts';
import {
  STATIC_ENTRIES,
  STATIC_NAME_AT,
  STATIC_NAME_LENGTH,
  STATIC_VALUE_AT,
  STATIC_VALUE_LENGTH,
} from './static-table.ts';

export { HEAD_AREA_BYTES, HeadArea, type Memory } from './hpack-area.ts';

export interface DecoderLimits {
  /** Largest list of fields: names, values and 32 for each (RFC 9113 6.5.2, SETTINGS_MAX_HEADER_LIST_SIZE). */
  readonly listBytes: number;
  /** Largest SETTINGS_HEADER_TABLE_SIZE that `setCapacityLimit` will ever get. */
  readonly tableBytes: number;
}
export const DEFAULT_DECODER_LIMITS: DecoderLimits = { listBytes: 65_536, tableBytes: 4096 };

/** What a peer may use before it knows our settings (RFC 9113 6.5.2). */
const INITIAL_CAPACITY = 4096;
/** A section whose list is larger than allowed by more than this was made to keep us busy: two bytes of it can stand for 4 KiB. */
const MAX_EXCESS = 1 << 20;

export class HpackDecoder {
  /** After anything but DECODED: what the peer did, a sentence without a full stop. */
  reason = '';
  readonly #area: HeadArea;
  readonly #limits: DecoderLimits;
  readonly #reader: SectionReader;
  readonly #strings: StringReader;
  readonly #integer = new IntegerReader();
  readonly #entries: DecodedEntries;
  readonly #name: NameReader;
  readonly #key: SectionKey = { hash: 0, version: 0, at: 0, length: 0, kind: 'request' };
  readonly #mostCapacity: number;
  /** Bytes of the area that one section can take. */
  readonly #room: number;
  #capacityLimit = INITIAL_CAPACITY;
  #mustShrink = false;
  #isBroken = false;
  #scratchAt = 0;

  /** One area serves all decoders of a thread. The table begins with the 4096 bytes of RFC 9113 6.5.2. */
  constructor(area: HeadArea, limits: DecoderLimits = DEFAULT_DECODER_LIMITS) {
    this.#area = area;
    this.#limits = limits;
    this.#reader = new SectionReader(area.bytes, limits.listBytes);
    this.#strings = new StringReader(area);
    this.#entries = new DecodedEntries(area, this.#strings, INITIAL_CAPACITY);
    this.#name = new NameReader(area, this.#strings, this.#entries);
    this.#mostCapacity = Math.max(INITIAL_CAPACITY, limits.tableBytes);
    // The list, the table copied, a field that exceeds the list, and one more that is decoded only for the table.
    this.#room = limits.listBytes + 4 * this.#mostCapacity + REMEMBERED_BYTES;
    if (this.#room > area.capacity) throw new RangeError(`the head area needs ${this.#room} bytes for these limits`);
  }

  /** Call when the peer acknowledged our SETTINGS_HEADER_TABLE_SIZE. A peer whose table is larger must shrink it at once. */
  setCapacityLimit(bytes: number): void {
    if (bytes > this.#mostCapacity) throw new RangeError('the table would be larger than limits.tableBytes');
    this.#capacityLimit = bytes;
    this.#mustShrink = this.#entries.table.capacity > bytes;
  }

  /**
   * Decodes a whole field section (HEADERS and its CONTINUATIONs, joined) of `length` bytes at `at`, outside the area, which
   * must stay as long as the head is used. Fills `head`, whose contents mean nothing after an error.
   */
  decode(at: number, length: number, kind: HeadKind, head: Http2Head): DecodeResult {
    if (this.#isBroken) return COMPRESSION_ERROR;
    const area = this.#area;
    const version = this.#entries.version;
    const isShort = length <= REMEMBERED_BYTES && !this.#mustShrink;
    if (isShort) {
      const known = this.#recall(at, length, kind);
      if (known !== null && known.fieldCount <= head.nameAt.length) {
        head.assign(known);
        return DECODED;
      }
    }
    area.reserve(this.#room);
    this.#strings.next = area.next;
    this.#entries.isScratch = false;
    this.#reader.begin(kind, head);
    if (!this.#decodeFields(at, at + length)) return this.#break();
    const result = this.#conclude();
    if (result === DECODED && isShort && version === this.#entries.version) this.#remember(head);
    area.next = this.#strings.next;
    return result;
  }

  #conclude(): DecodeResult {
    const reader = this.#reader;
    const isWell = reader.finish();
    if (reader.isTooLarge) {
      this.reason = 'the head is larger than allowed';
      return TOO_LARGE;
    }
    this.reason = reader.problem;
    return isWell ? DECODED : MALFORMED;
  }

  #break(): DecodeResult {
    this.#isBroken = true;
    this.reason = 'the header compression is broken';
    return COMPRESSION_ERROR;
  }

  #recall(at: number, length: number, kind: HeadKind): Http2Head | null {
    const area = this.#area;
    const key = this.#key;
    key.hash = hashBytes(area.view, at, length, this.#limits.listBytes);
    key.version = this.#entries.version;
    key.at = at;
    key.length = length;
    key.kind = kind;
    return area.sections.find(area.view, key, area.lap);
  }

  #remember(head: Http2Head): void {
    const area = this.#area;
    const key = this.#key;
    if (!area.sections.isSeen(key)) return;
    const to = this.#strings.next;
    copyBytes(area.bytes, to, area.bytes, key.at, key.length);
    this.#strings.next = to + key.length;
    head.sectionId = nextNumber();
    area.sections.keep(key, area.lap, to, head);
  }

  /** All representations (RFC 7541 6). False: COMPRESSION_ERROR. */
  #decodeFields(from: number, end: number): boolean {
    const { bytes } = this.#area;
    let at = from;
    while (at >= 0 && at < end && bytes[at] >> 5 === 1) at = this.#resize(at, end);
    if (this.#mustShrink) return false;
    while (at >= 0 && at < end) {
      const first = bytes[at];
      if (this.#reader.isTooLarge && !this.#discard()) return false;
      if (first >= 0x80) at = this.#indexed(at, end);
      else if (first >= 0x40) at = this.#literal(at, end, 0x3f);
      else at = first >= 0x20 ? -1 : this.#literal(at, end, 0x0f);
    }
    return at === end;
  }

  /** Reads an integer whose prefix has the bits of `mask`; it is in `#integer.value`. Returns the offset after it, or -1. */
  #readInteger(at: number, end: number, mask: number): number {
    const { bytes } = this.#area;
    this.#integer.value = bytes[at] & mask;
    return this.#integer.value < mask ? at + 1 : this.#integer.read(bytes, at + 1, end, mask);
  }

  #resize(at: number, end: number): number {
    const next = this.#readInteger(at, end, 0x1f);
    if (next < 0 || this.#integer.value > this.#capacityLimit) return -1;
    this.#entries.setCapacity(this.#integer.value);
    this.#mustShrink = false;
    return next;
  }

  #indexed(at: number, end: number): number {
    const next = this.#readInteger(at, end, 0x7f);
    const index = this.#integer.value;
    if (next < 0 || index === 0) return -1;
    const reader = this.#reader;
    if (index <= STATIC_ENTRIES) {
      const base = this.#area.staticAt;
      const nameAt = base + STATIC_NAME_AT[index];
      const valueAt = base + STATIC_VALUE_AT[index];
      const valueLength = STATIC_VALUE_LENGTH[index];
      reader.add(STATIC_KIND[index], nameAt, STATIC_NAME_LENGTH[index], valueAt, valueLength, REPEATED, index);
      return next;
    }
    const row = this.#entries.find(index - STATIC_ENTRIES - 1);
    if (row < 0) return -1;
    const { rows } = this.#entries.table;
    const nameLength = rows[row + NAME_LENGTH];
    const valueLength = rows[row + VALUE_LENGTH];
    const { token } = this.#entries;
    reader.add(
      rows[row + KIND],
      rows[row + NAME_PLACE],
      nameLength,
      rows[row + VALUE_PLACE],
      valueLength,
      REPEATED,
      token,
    );
    return next;
  }

  /** A field with or without indexing, by `mask`. Returns the offset after it, or -1. */
  #literal(from: number, end: number, mask: 0x3f | 0x0f): number {
    const { bytes } = this.#area;
    const reader = this.#reader;
    const strings = this.#strings;
    const name = this.#name;
    let at = this.#readInteger(from, end, mask);
    if (at >= 0) at = name.read(this.#integer.value, at, end, reader.bytesLeft);
    if (at >= 0) at = strings.read(at, end, name.limit);
    if (at < 0) return -1;
    const valueLength = strings.length;
    if (name.length === OVERLONG || valueLength === OVERLONG) {
      reader.isTooLarge = true;
      if (mask === 0x3f) this.#entries.clear();
      return at;
    }
    const valueAt = strings.at;
    const kind = name.kind | checkValue(bytes, valueAt, valueLength);
    const token = mask === 0x3f ? this.#entries.insert(kind, name.at, name.length, valueAt, valueLength) : 0;
    const flags = bytes[from] >> 4 === 1 ? NEVER_INDEXED : 0;
    reader.add(kind, name.at, name.length, valueAt, valueLength, flags, token);
    return at;
  }

  /**
   * The head is too large already: what still comes counts for the table only, so its strings all use the same place. False: enough
   * is enough.
   */
  #discard(): boolean {
    if (!this.#entries.isScratch) this.#scratchAt = this.#strings.next;
    this.#entries.isScratch = true;
    this.#strings.next = this.#scratchAt;
    return this.#reader.bytesLeft > -MAX_EXCESS;
  }
}
