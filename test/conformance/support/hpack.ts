/** As much HPACK (RFC 7541) as raw peers need: fields written literally, and the status read from a block without dynamic table. */

export type Fields = readonly (readonly [name: string, value: string])[];

/** An integer with a prefix of `bits` bits under `pattern` (5.1). */
export function integer(pattern: number, bits: number, value: number): Buffer {
  const limit = (1 << bits) - 1;
  if (value < limit) return Buffer.from([pattern | value]);
  const bytes = [pattern | limit];
  let rest = value - limit;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

/** Literal fields without indexing, new names, no Huffman (6.2.2). */
export function block(fields: Fields): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

/** A literal field that enters the dynamic table (6.2.1). */
export function indexedField(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x40]), text(name), text(value)]);
}

export function request(method: string, path: string, more: Fields = []): Buffer {
  return block([[':method', method], [':scheme', 'http'], [':authority', 'web.test'], [':path', path], ...more]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(0, 7, bytes.length), bytes]);
}

const STATIC_STATUS = ['200', '204', '206', '304', '400', '404', '500'];
const FIRST_STATUS = 8;
/** Huffman codes of the digits (RFC 7541 appendix B). */
const DIGITS = ['00000', '00001', '00010', '011001', '011010', '011011', '011100', '011101', '011110', '011111'];

/** The status at the start of a response block; null when the block starts otherwise (trailers). */
export function readStatus(bytes: Buffer): number | null {
  let at = 0;
  while (((bytes[at] ?? 0) & 0xe0) === 0x20) at += 1; // table size updates
  const first = bytes[at] ?? 0;
  if (first >= 0x80) {
    const known = STATIC_STATUS[(first & 0x7f) - FIRST_STATUS];
    return known === undefined ? null : Number(known);
  }
  const index = first & (first >= 0x40 ? 0x3f : 0x0f);
  if (index < FIRST_STATUS || index >= FIRST_STATUS + STATIC_STATUS.length) return null;
  const length = (bytes[at + 1] ?? 0) & 0x7f;
  const value = bytes.subarray(at + 2, at + 2 + length);
  return Number(((bytes[at + 1] ?? 0) & 0x80) === 0 ? value.toString('latin1') : unpackDigits(value));
}

function unpackDigits(bytes: Buffer): string {
  let bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let digits = '';
  for (;;) {
    const digit = DIGITS.findIndex((code) => bits.startsWith(code));
    if (digit < 0 || digits.length === 3) return digits;
    digits += digit;
    bits = bits.slice(DIGITS[digit]?.length);
  }
}
