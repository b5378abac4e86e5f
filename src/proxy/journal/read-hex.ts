/** Hexadecimal digits in bytes, as numbers. */

/**
 * Reads `digits` digits at `at` into 32-bit words from `to` on, eight in each; fewer than eight make one word.
 * @returns false when one of them is no digit, or an upper-case one, which the fields of traces do not have
 */
export function readHex(bytes: Uint8Array, at: number, digits: number, into: Int32Array, to: number): boolean {
  let value = 0;
  for (let i = 0; i < digits; i++) {
    const digit = digitOf(bytes[at + i] as number);
    if (digit < 0) return false;
    value = (value << 4) | digit;
    if ((i & 7) === 7 || i === digits - 1) {
      into[to + (i >> 3)] = value;
      value = 0;
    }
  }
  return true;
}

function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1;
}
