/** Integers of HPACK (RFC 7541 5.1). */

/** More than any length or index that can occur here; larger ones are refused (RFC 7541 5.1, last paragraph). */
const MAX_SHIFT = 21;

/** Reads what follows a prefix; one object is reused, so that a read gives two results without allocating. */
export class IntegerReader {
  value = 0;

  /**
   * Reads the bytes after a prefix of all ones, whose value is `prefix`, from `at` on.
   * @returns the offset after the integer, which is in `value`, or -1 if it is cut off or too large
   */
  read(bytes: Uint8Array, at: number, end: number, prefix: number): number {
    let value = prefix;
    let next = at;
    for (let shift = 0; shift <= MAX_SHIFT && next < end; shift += 7) {
      const byte = bytes[next++];
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.value = value;
        return next;
      }
    }
    return -1;
  }
}

/** Writes an integer with a prefix of `bits` bits; `pattern` is the rest of the first byte. Returns the offset after it. */
export function writeInteger(bytes: Uint8Array, at: number, value: number, bits: number, pattern: number): number {
  const most = (1 << bits) - 1;
  let next = at;
  if (value < most) {
    bytes[next++] = pattern | value;
    return next;
  }
  bytes[next++] = pattern | most;
  let rest = value - most;
  while (rest >= 0x80) {
    bytes[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[next++] = rest;
  return next;
}
