/** Syntax of `host[:port]` (RFC 3986 3.2.2, 3.2.3), without user information, which HTTP forbids (RFC 9110 4.2.4). */
import { isDigit } from './bytes.ts';

const REG_NAME = 1;
const HEX = 2;
const LITERAL = 4;
const CLASS = new Uint8Array(256);
function mark(chars: string, bit: number): void {
  for (const char of chars) CLASS[char.charCodeAt(0)] = (CLASS[char.charCodeAt(0)] as number) | bit;
}
mark("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=", REG_NAME);
mark('0123456789abcdefABCDEF', HEX | LITERAL);
mark(':.', LITERAL);

function is(byte: number | undefined, bit: number): boolean {
  return ((CLASS[byte ?? 0] as number) & bit) !== 0;
}

/** Offset after the host, or -1 if there is none or it is malformed. */
function hostEnd(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  if (bytes[at] === 0x5b) {
    i++;
    while (i < end && is(bytes[i], LITERAL)) i++;
    return i < end && bytes[i] === 0x5d && i - at > 2 ? i + 1 : -1;
  }
  while (i < end) {
    if (is(bytes[i], REG_NAME)) i++;
    else if (bytes[i] === 0x25 && i + 2 < end && is(bytes[i + 1], HEX) && is(bytes[i + 2], HEX)) i += 3;
    else break;
  }
  return i > at ? i : -1;
}

/** True for a non-empty host with an optional port of at most 65535. `portRequired`: as CONNECT demands (RFC 9112 3.2.3). */
export function isAuthority(bytes: Uint8Array, at: number, length: number, portRequired: boolean): boolean {
  const end = at + length;
  let i = hostEnd(bytes, at, end);
  if (i < 0) return false;
  if (i === end) return !portRequired;
  if (bytes[i] !== 0x3a) return false;
  i++;
  if (i === end) return !portRequired;
  let port = 0;
  for (; i < end; i++) {
    if (!isDigit(bytes[i])) return false;
    port = port * 10 + (bytes[i] as number) - 0x30;
    if (port > 65_535) return false;
  }
  return !portRequired || port > 0;
}
