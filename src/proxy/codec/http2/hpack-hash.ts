/** Hashing, comparing and copying runs of bytes. */

/** Bit that tells letters' cases apart, in each byte of a word. */
const CASE = 0x20202020;

/** A hash of the `length` bytes at `at`: equal bytes, equal hash; nothing more is promised. */
export function hashBytes(view: DataView, at: number, length: number, seed: number): number {
  const last = at + length - 4;
  let hash = seed ^ length;
  if (length < 4) {
    for (let i = at; i < at + length; i++) hash = Math.imul(hash ^ view.getUint8(i), 0x01000193);
    return hash ^ (hash >>> 15);
  }
  for (let i = at; i < last; i += 4) {
    hash = Math.imul(hash ^ view.getInt32(i, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ view.getInt32(last, true), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

/** As `hashBytes`, the same for both cases of a letter. */
export function hashName(view: DataView, at: number, length: number): number {
  const last = at + length - 4;
  let hash = length;
  if (length < 4) {
    for (let i = at; i < at + length; i++) hash = Math.imul(hash ^ (view.getUint8(i) | 0x20), 0x01000193);
    return hash ^ (hash >>> 15);
  }
  for (let i = at; i < last; i += 4) {
    hash = Math.imul(hash ^ (view.getInt32(i, true) | CASE), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (view.getInt32(last, true) | CASE), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

/** True if the `length` bytes at `a` of one memory and at `b` of the other are equal. */
export function equalRuns(one: DataView, a: number, other: DataView, b: number, length: number): boolean {
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4) if (one.getInt32(a + i, true) !== other.getInt32(b + i, true)) return false;
  for (let i = whole; i < length; i++) if (one.getUint8(a + i) !== other.getUint8(b + i)) return false;
  return true;
}

/** True if the name at `b` is the one at `a`, which is in lower case, letters' case aside. */
export function equalNames(lowerCase: DataView, a: number, other: DataView, b: number, length: number): boolean {
  if (equalRuns(lowerCase, a, other, b, length)) return true;
  for (let i = 0; i < length; i++) if (lowerCase.getUint8(a + i) !== lower(other.getUint8(b + i))) return false;
  return true;
}

/** A byte of a name in lower case. */
export function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** Copies between memories; short runs are faster here than by a call. */
export function copyBytes(to: Buffer, at: number, from: Buffer, start: number, length: number): void {
  if (length > 64) from.copy(to, at, start, start + length);
  else for (let i = 0; i < length; i++) to[at + i] = from[start + i];
}
