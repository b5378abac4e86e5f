/** The Huffman code of HPACK (RFC 7541 appendix B). It is canonical, so the lengths alone define it. */

/** Bits of the code of each byte; the last one is EOS, which must not occur in a string. */
const LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
];

export const EOS = 256;
export const LONGEST = 30;

/** Bits of each symbol's code. */
export const CODE_LENGTH = Uint8Array.from(LENGTHS);
/** The code of each symbol, in its lowest bits. */
export const CODE = new Uint32Array(LENGTHS.length);
/** The symbols in the order of their codes. */
export const SYMBOLS = new Uint16Array(LENGTHS.length);
/** By number of bits: the first code, how many there are, and where their symbols begin in SYMBOLS. */
export const FIRST_CODE = new Uint32Array(LONGEST + 1);
export const CODES_OF_LENGTH = new Uint16Array(LONGEST + 1);
export const FIRST_SYMBOL = new Uint16Array(LONGEST + 1);

function assignCodes(): void {
  let code = 0;
  let count = 0;
  for (let length = 1; length <= LONGEST; length++) {
    code *= 2;
    FIRST_CODE[length] = code;
    FIRST_SYMBOL[length] = count;
    for (let symbol = 0; symbol <= EOS; symbol++) {
      if (LENGTHS[symbol] !== length) continue;
      CODE[symbol] = code++;
      SYMBOLS[count++] = symbol;
    }
    CODES_OF_LENGTH[length] = count - FIRST_SYMBOL[length];
  }
}
assignCodes();
