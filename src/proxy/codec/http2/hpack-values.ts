/** Checks of single values, as strict as those of HTTP/1.1. */
import { isTokenByte } from '../../../protocol-sniff/token.ts';
import { isDigit } from '../http1/bytes.ts';

const MAX_METHOD = 64;

/** As in a request line: no `#`, space, control or 8-bit byte (RFC 9113 8.3.1, RFC 3986). */
const TARGET = new Uint8Array(256);
for (let byte = 0x21; byte < 0x7f; byte++) TARGET[byte] = byte === 0x23 ? 0 : 1;

/**
 * Decimal digits up to 2^53 - 1; -1 otherwise. Leading zeros are refused in requests, because some servers read such a
 * number as octal, and let through in responses, where nobody gains by them.
 */
export function parseLength(bytes: Uint8Array, at: number, length: number, isRequest: boolean): number {
  if (length === 0 || length > 32 || (isRequest && length > 1 && bytes[at] === 0x30)) return -1;
  let value = 0;
  for (let i = at; i < at + length; i++) {
    if (!isDigit(bytes[i])) return -1;
    value = value * 10 + bytes[i] - 0x30;
    if (value > Number.MAX_SAFE_INTEGER) return -1;
  }
  return value;
}

/** Three digits from 100 on (RFC 9110 15); -1 otherwise. */
export function parseStatus(bytes: Uint8Array, at: number, length: number): number {
  if (length !== 3 || !isDigit(bytes[at]) || !isDigit(bytes[at + 1]) || !isDigit(bytes[at + 2])) return -1;
  const status = bytes[at] * 100 + bytes[at + 1] * 10 + bytes[at + 2] - 5328;
  return status >= 100 ? status : -1;
}

/** A token of 1 to 64 bytes. */
export function isMethod(bytes: Uint8Array, at: number, length: number): boolean {
  if (length === 0 || length > MAX_METHOD) return false;
  for (let i = at; i < at + length; i++) if (!isTokenByte(bytes[i])) return false;
  return true;
}

/** scheme of RFC 3986 3.1. */
export function isScheme(bytes: Uint8Array, at: number, length: number): boolean {
  for (let i = at; i < at + length; i++) {
    const byte = bytes[i];
    const letter = byte | 0x20;
    if (letter >= 0x61 && letter <= 0x7a) continue;
    if (i === at || !(isDigit(byte) || byte === 0x2b || byte === 0x2d || byte === 0x2e)) return false;
  }
  return length > 0;
}

/** True for what a target may have. */
export function isTargetByte(byte: number): boolean {
  return TARGET[byte] === 1;
}
