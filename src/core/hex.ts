/** Two hexadecimal digits for each byte, in lower case: the first in the upper half, as a big-endian number of 16 bits has it. */
export const HEX_PAIRS = new Uint16Array(256);
for (let i = 0; i < 256; i++) HEX_PAIRS[i] = (digit(i >> 4) << 8) | digit(i & 15);

function digit(value: number): number {
  return value < 10 ? 0x30 + value : 0x57 + value;
}
