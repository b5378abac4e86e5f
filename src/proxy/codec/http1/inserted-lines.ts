/** Fields of ours as lines of an HTTP/1.1 head (RFC 9112 5). */
import type { Inserted } from '../http2/hpack-inserted.ts';

export const NO_FIELDS: readonly Inserted[] = [];
/** `: ` and the line break. */
const LINE_EXTRA = 4;

/** Bytes that `putLines` writes. */
export function lineBytes(fields: readonly Inserted[]): number {
  let sum = 0;
  for (let i = 0; i < fields.length; i++) {
    const { name, value } = fields[i] as Inserted;
    sum += name.length + value.length + LINE_EXTRA;
  }
  return sum;
}

/** Writes `name: value CRLF` for each; there must be room for `lineBytes`. Returns where the output ends. */
export function putLines(bytes: Buffer, at: number, fields: readonly Inserted[]): number {
  let out = at;
  for (let i = 0; i < fields.length; i++) {
    const { name, value } = fields[i] as Inserted;
    out = put(bytes, out, name);
    bytes[out] = 0x3a;
    bytes[out + 1] = 0x20;
    out = endLine(bytes, put(bytes, out + 2, value));
  }
  return out;
}

export function endLine(bytes: Buffer, at: number): number {
  bytes[at] = 0x0d;
  bytes[at + 1] = 0x0a;
  return at + 2;
}

/** In a loop: these are short, and a call into native code costs more. */
function put(bytes: Buffer, at: number, part: Uint8Array): number {
  for (let i = 0; i < part.length; i++) bytes[at + i] = part[i] as number;
  return at + part.length;
}
