/**
 * What a path may mean to the program that gets it. Programs decode, merge and resolve in different ways, so that one path has several
 * readings; routes go by the resolved one (Istio's DECODE_AND_MERGE_SLASHES), authorization by all. A path without anything to read
 * in two ways has one reading, the bytes themselves. Nothing is allocated after the first path that has several.
 */

/** The path with needless percent-encoding undone (RFC 3986 6.2.2.2), not resolved. */
export const AS_WRITTEN = 0;
/** Encoded slashes decoded, backslashes turned, slashes merged, dot segments resolved. */
export const RESOLVED = 1;
/** The same for programs that take `;parameters` off every segment first. */
export const WITHOUT_PARAMETERS = 2;
/** The same for programs that decode everything, and decode again. */
export const DECODED_TWICE = 3;
/** The same for programs that do not care for a slash at the end. */
export const WITHOUT_LAST_SLASH = 4;
export const READINGS = 5;

const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;
const BACKSLASH = 0x5c;
const SEMICOLON = 0x3b;
/** Longest path that is read; longer ones have no readings, and match nothing that is allowed. */
export const MAX_PATH = 65_536;
const MAX_DECODINGS = 3;

/** Bytes that give a path more than one reading. */
const SPECIAL = new Uint8Array(256);
for (const byte of [PERCENT, BACKSLASH, SEMICOLON]) SPECIAL[byte] = 1;
/** RFC 3986 2.3. */
const UNRESERVED = new Uint8Array(256);
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~')
  UNRESERVED[char.charCodeAt(0)] = 1;

/** True when every program reads the path alike: most paths. */
export function isPlainPath(bytes: Uint8Array, at: number, length: number): boolean {
  const end = at + length;
  for (let i = at; i < end; i++) {
    const byte = bytes[i] as number;
    if (SPECIAL[byte] === 1) return false;
    if (byte === SLASH && i + 1 < end && (bytes[i + 1] === SLASH || bytes[i + 1] === DOT)) return false;
  }
  return true;
}

/** One reused object. */
export class PathReadings {
  /** 1: all readings are the same. */
  count = 0;
  bytes: Uint8Array = new Uint8Array(0);
  readonly at = new Int32Array(READINGS);
  readonly length = new Int32Array(READINGS);
  #scratch: Buffer | null = null;

  /** @param length at most MAX_PATH, else there are none */
  read(bytes: Uint8Array, at: number, length: number): void {
    this.count = length > MAX_PATH ? 0 : 1;
    this.bytes = bytes;
    this.at[0] = at;
    this.length[0] = length;
    if (this.count === 1 && !isPlainPath(bytes, at, length)) this.#readAll(bytes, at, length);
  }

  /** Where a reading begins; all are the same when there is one. */
  startOf(reading: number): number {
    return this.at[this.count === 1 ? 0 : reading] as number;
  }

  lengthOf(reading: number): number {
    return this.length[this.count === 1 ? 0 : reading] as number;
  }

  #readAll(bytes: Uint8Array, at: number, length: number): void {
    this.#scratch ??= Buffer.alloc(READINGS * MAX_PATH);
    const scratch = this.#scratch;
    this.count = READINGS;
    this.bytes = scratch;
    for (let i = 0; i < READINGS; i++) this.at[i] = i * MAX_PATH;
    const plain = decode(bytes, at, length, scratch, 0, false);
    this.length[AS_WRITTEN] = plain;
    this.length[RESOLVED] = resolve(scratch, 0, plain, MAX_PATH, false);
    this.length[WITHOUT_PARAMETERS] = resolve(scratch, 0, plain, 2 * MAX_PATH, true);
    const from = DECODED_TWICE * MAX_PATH;
    let decoded = decode(scratch, 0, plain, scratch, from, true);
    for (let i = 1; i < MAX_DECODINGS; i++) decoded = decode(scratch, from, decoded, scratch, from, true);
    const twice = resolve(scratch, from, decoded, from, true);
    this.length[DECODED_TWICE] = twice;
    this.at[WITHOUT_LAST_SLASH] = from;
    this.length[WITHOUT_LAST_SLASH] = twice > 1 && scratch[from + twice - 1] === SLASH ? twice - 1 : twice;
  }
}

/** Undoes percent-encoding of unreserved characters, or of all. In place is fine: it never grows. @returns the new length */
function decode(from: Uint8Array, at: number, length: number, to: Uint8Array, start: number, all: boolean): number {
  const end = at + length;
  let out = start;
  for (let i = at; i < end; i++) {
    let byte = from[i] as number;
    if (byte === PERCENT && i + 2 < end) {
      const value = hexPair(from[i + 1] as number, from[i + 2] as number);
      if (value >= 0 && (all || UNRESERVED[value] === 1)) {
        byte = value;
        i += 2;
      }
    }
    to[out++] = byte;
  }
  return out - start;
}

function hexPair(high: number, low: number): number {
  const a = hexDigit(high);
  const b = hexDigit(low);
  return a < 0 || b < 0 ? -1 : a * 16 + b;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Decodes slashes, merges them and resolves dot segments into `start`, which may be `at`. @returns the new length */
function resolve(bytes: Uint8Array, at: number, length: number, start: number, cut: boolean): number {
  const end = at + length;
  let out = start;
  for (let i = at; i < end; ) {
    const size = slashAt(bytes, i, end);
    if (size > 0) {
      i += size;
      out = endSegment(bytes, start, out);
      if (out === start || bytes[out - 1] !== SLASH) bytes[out++] = SLASH;
      continue;
    }
    const parameters = cut ? semicolonAt(bytes, i, end) : 0;
    if (parameters > 0) {
      while (i < end && slashAt(bytes, i, end) === 0) i++;
      continue;
    }
    bytes[out++] = bytes[i++] as number;
  }
  return endSegment(bytes, start, out) - start;
}

/** Takes the dot segment that ends at `out` away. @returns the new end */
function endSegment(bytes: Uint8Array, start: number, out: number): number {
  let from = out;
  while (from > start && bytes[from - 1] !== SLASH) from--;
  const length = out - from;
  if (from === start || length === 0 || length > 2 || bytes[from] !== DOT) return out;
  if (length === 1) return from;
  if (bytes[from + 1] !== DOT) return out;
  let parent = from - 1;
  while (parent > start && bytes[parent - 1] !== SLASH) parent--;
  return Math.max(start + 1, parent);
}

/** Bytes of a slash in any form; 0 = there is none. */
function slashAt(bytes: Uint8Array, i: number, end: number): number {
  const byte = bytes[i] as number;
  if (byte === SLASH || byte === BACKSLASH) return 1;
  if (byte !== PERCENT || i + 2 >= end) return 0;
  const value = hexPair(bytes[i + 1] as number, bytes[i + 2] as number);
  return value === SLASH || value === BACKSLASH ? 3 : 0;
}

function semicolonAt(bytes: Uint8Array, i: number, end: number): number {
  if (bytes[i] === SEMICOLON) return 1;
  if (bytes[i] !== PERCENT || i + 2 >= end) return 0;
  return hexPair(bytes[i + 1] as number, bytes[i + 2] as number) === SEMICOLON ? 3 : 0;
}
