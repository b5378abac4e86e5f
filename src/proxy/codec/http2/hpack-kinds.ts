/** What a field name means to the codec, and which bytes names and values may have (RFC 9113 8.2.1). */
import { isTokenByte } from '../../../protocol-sniff/token.ts';
import { constantBytes, equalsExact } from '../http1/bytes.ts';
import {
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_EXPECT,
  FIELD_HOP,
  FIELD_HOST,
  FIELD_KEEP_ALIVE,
  FIELD_OTHER,
  FIELD_TE,
  FIELD_TRANSFER_ENCODING,
  FIELD_UPGRADE,
} from '../http1/http1-head.ts';
import { STATIC_BYTES, STATIC_ENTRIES, STATIC_NAME_AT, STATIC_NAME_LENGTH } from './static-table.ts';

/** Beside the FIELD_ constants of http1-head.ts: pseudo-header fields, each with a bit of its own below. */
export const PSEUDO_METHOD = 32;
export const PSEUDO_SCHEME = 33;
export const PSEUDO_AUTHORITY = 34;
export const PSEUDO_PATH = 35;
export const PSEUDO_STATUS = 36;
export const PSEUDO_UNKNOWN = 37;
export const FIRST_PSEUDO = PSEUDO_METHOD;
/** Empty, an upper-case letter, or a byte that is no token character. */
export const BAD_NAME = 64;
/** Added to the kind: the value has a byte or a blank where none may be. */
export const BAD_VALUE = 128;

const KINDS: readonly (readonly [name: string, kind: number])[] = [
  ['te', FIELD_TE],
  ['host', FIELD_HOST],
  ['expect', FIELD_EXPECT],
  ['upgrade', FIELD_UPGRADE],
  ['connection', FIELD_CONNECTION],
  ['keep-alive', FIELD_KEEP_ALIVE],
  ['content-length', FIELD_CONTENT_LENGTH],
  ['http2-settings', FIELD_HOP],
  ['proxy-connection', FIELD_HOP],
  ['transfer-encoding', FIELD_TRANSFER_ENCODING],
  [':path', PSEUDO_PATH],
  [':method', PSEUDO_METHOD],
  [':scheme', PSEUDO_SCHEME],
  [':status', PSEUDO_STATUS],
  [':authority', PSEUDO_AUTHORITY],
];
/** The names above by their lengths. */
const BY_LENGTH = Array.from({ length: 18 }, (_, length) =>
  KINDS.filter(([name]) => name.length === length).map(([name, kind]) => ({ name: constantBytes(name), kind })),
);

const NAME_BYTE = new Uint8Array(256);
const VALUE_BYTE = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  NAME_BYTE[byte] = isTokenByte(byte) && !(byte >= 0x41 && byte <= 0x5a) ? 1 : 0;
  VALUE_BYTE[byte] = (byte < 0x20 && byte !== 0x09) || byte === 0x7f ? 0 : 1;
}

/** Kind of a name: FIELD_, PSEUDO_ or BAD_NAME. */
export function kindOfName(bytes: Uint8Array, at: number, length: number): number {
  const isPseudo = bytes[at] === 0x3a;
  const end = at + length;
  let i = isPseudo ? at + 1 : at;
  if (i >= end) return BAD_NAME;
  while (i < end && NAME_BYTE[bytes[i]] === 1) i++;
  if (i < end) return BAD_NAME;
  if (length < BY_LENGTH.length) {
    for (const { name, kind } of BY_LENGTH[length]) if (equalsExact(bytes, at, length, name)) return kind;
  }
  return isPseudo ? PSEUDO_UNKNOWN : FIELD_OTHER;
}

/** 0, or BAD_VALUE for control characters (as in HTTP/1.1 here), or blanks at either end. */
export function checkValue(bytes: Uint8Array, at: number, length: number): number {
  if (length === 0) return 0;
  const end = at + length;
  let i = at;
  while (i < end && VALUE_BYTE[bytes[i]] === 1) i++;
  if (i < end) return BAD_VALUE;
  const first = bytes[at];
  const last = bytes[end - 1];
  return first === 0x20 || first === 0x09 || last === 0x20 || last === 0x09 ? BAD_VALUE : 0;
}

/** Kinds of the static table's names, by index. */
export const STATIC_KIND = new Uint8Array(STATIC_ENTRIES + 1);
for (let index = 1; index <= STATIC_ENTRIES; index++) {
  STATIC_KIND[index] = kindOfName(STATIC_BYTES, STATIC_NAME_AT[index], STATIC_NAME_LENGTH[index]);
}
