/** Huffman coding of HPACK strings (RFC 7541 5.2), by tables over typed arrays; nothing is allocated. */
import { CODE, CODE_LENGTH, CODES_OF_LENGTH, EOS, FIRST_CODE, FIRST_SYMBOL, LONGEST, SYMBOLS } from './huffman-code.ts';

/** The input is not a Huffman string: EOS, a code cut off, or padding that is too long or not all ones. */
export const HUFFMAN_INVALID = -1;
/** The output does not fit. */
export const HUFFMAN_OVERFLOW = -2;

/** Bits looked up at once: enough for two of the frequent symbols, whose codes have 5 to 7 bits. */
const LOOKUP_BITS = 12;
const LOOKUP_MASK = (1 << LOOKUP_BITS) - 1;
/**
 * By the next 12 bits: first symbol (8 bits), second symbol (8), bits of the first (5), bits of both (5), number of symbols.
 * 0: the code is longer than 12 bits.
 */
const LOOKUP = new Int32Array(1 << LOOKUP_BITS);

function fillLookup(): void {
  for (let bits = 0; bits < LOOKUP.length; bits++) {
    const first = shortSymbol(bits, LOOKUP_BITS);
    if (first < 0) continue;
    const length = CODE_LENGTH[first];
    const left = LOOKUP_BITS - length;
    const second = shortSymbol(bits & ((1 << left) - 1), left);
    const entry = first | (length << 16);
    LOOKUP[bits] =
      second < 0
        ? entry | (length << 21) | (1 << 26)
        : entry | (second << 8) | ((length + CODE_LENGTH[second]) << 21) | (2 << 26);
  }
}
fillLookup();

/** The symbol whose code the `count` bits begin with, or -1. */
function shortSymbol(bits: number, count: number): number {
  for (let length = 1; length <= count; length++) {
    const rank = (bits >>> (count - length)) - FIRST_CODE[length];
    if (rank < CODES_OF_LENGTH[length]) return SYMBOLS[FIRST_SYMBOL[length] + rank];
  }
  return -1;
}

/**
 * Decodes the `length` bytes at `at` into `out` from `outAt` to at most `outEnd`.
 * @returns bytes written, HUFFMAN_INVALID or HUFFMAN_OVERFLOW
 */
export function decodeHuffman(
  bytes: Uint8Array,
  at: number,
  length: number,
  out: Uint8Array,
  outAt: number,
  outEnd: number,
): number {
  const end = at + length;
  let next = at;
  let to = outAt;
  let held = 0;
  let bits = 0;
  for (;;) {
    while (bits <= 24 && next < end) {
      held = (held << 8) | bytes[next++];
      bits += 8;
    }
    if (bits < LOOKUP_BITS) return decodeRest(held, bits, out, outAt, to, outEnd);
    const entry = LOOKUP[(held >>> (bits - LOOKUP_BITS)) & LOOKUP_MASK];
    if (entry !== 0 && to + 2 <= outEnd) {
      out[to] = entry;
      out[to + 1] = entry >> 8;
      to += entry >>> 26;
      bits -= (entry >>> 21) & 31;
      continue;
    }
    if (to === outEnd) return HUFFMAN_OVERFLOW;
    const from = next * 8 - bits;
    const symbol = entry !== 0 ? entry & 255 : longSymbol(bytes, from, end * 8);
    if (symbol < 0 || symbol === EOS) return HUFFMAN_INVALID;
    out[to++] = symbol;
    const position = from + CODE_LENGTH[symbol];
    next = (position + 7) >>> 3;
    bits = next * 8 - position;
    held = bytes[next - 1];
  }
}

/** What is left when fewer than 12 bits are: short symbols, then up to 7 bits of padding, all ones. */
function decodeRest(held: number, count: number, out: Uint8Array, outAt: number, from: number, outEnd: number): number {
  let bits = count;
  let to = from;
  while (bits > 0) {
    const missing = LOOKUP_BITS - bits;
    const entry = LOOKUP[((held << missing) | ((1 << missing) - 1)) & LOOKUP_MASK];
    const length = (entry >>> 16) & 31;
    if (entry === 0 || length > bits) break;
    if (to === outEnd) return HUFFMAN_OVERFLOW;
    out[to++] = entry;
    bits -= length;
  }
  const ones = (1 << bits) - 1;
  return bits < 8 && (held & ones) === ones ? to - outAt : HUFFMAN_INVALID;
}

/** The symbol at bit offset `from`, whose code has more than 12 bits; -1 if the bits run out at `end`. */
function longSymbol(bytes: Uint8Array, from: number, end: number): number {
  let code = 0;
  for (let length = 1; length <= LONGEST && from + length <= end; length++) {
    const bit = from + length - 1;
    code = code * 2 + ((bytes[bit >>> 3] >>> (7 - (bit & 7))) & 1);
    const rank = code - FIRST_CODE[length];
    if (rank >= 0 && rank < CODES_OF_LENGTH[length]) return SYMBOLS[FIRST_SYMBOL[length] + rank];
  }
  return -1;
}

/** Bytes that `encodeHuffman` makes of these. */
export function huffmanLength(bytes: Uint8Array, at: number, length: number): number {
  let bits = 0;
  for (let i = at; i < at + length; i++) bits += CODE_LENGTH[bytes[i]];
  return (bits + 7) >>> 3;
}

/** Writes the code of the `length` bytes at `at`, padded with ones, and returns the offset after it. */
export function encodeHuffman(bytes: Uint8Array, at: number, length: number, out: Uint8Array, outAt: number): number {
  let to = outAt;
  let held = 0;
  let bits = 0;
  for (let i = at; i < at + length; i++) {
    const byte = bytes[i];
    let count = CODE_LENGTH[byte];
    let code = CODE[byte];
    if (count > 24) {
      // With up to 7 bits held, 24 more are what 32 bits take.
      count -= 16;
      held = (held << count) | (code >>> 16);
      bits += count;
      while (bits >= 8) {
        bits -= 8;
        out[to++] = held >>> bits;
      }
      count = 16;
      code &= 0xffff;
    }
    held = (held << count) | code;
    bits += count;
    while (bits >= 8) {
      bits -= 8;
      out[to++] = held >>> bits;
    }
  }
  if (bits > 0) out[to++] = (held << (8 - bits)) | ((1 << (8 - bits)) - 1);
  return to;
}
