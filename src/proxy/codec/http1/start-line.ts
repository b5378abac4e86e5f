/**
 * Request line and status line (RFC 9112 3, 4), parsed here rather than by llhttp: any token is a method, there is one SP
 * between parts, the target has no `#`, and lines end in CRLF.
 */
import { isTokenByte } from '../../../protocol-sniff/token.ts';
import { isAuthority } from './authority.ts';
import { constantBytes, equalsExact, isDigit } from './bytes.ts';
import { type Http1Head, NEED_MORE, REFUSED, refuse } from './http1-head.ts';

const SP = 0x20;
const CR = 0x0d;
const LF = 0x0a;
const SLASH = 0x2f;
const MAX_METHOD = 64;
/** Empty lines before a request line that are skipped, for old clients (RFC 9112 2.2). */
const MAX_EMPTY_LINES = 2;
const HTTP_1 = constantBytes('HTTP/1.');
const HEAD = constantBytes('HEAD');
const CONNECT = constantBytes('CONNECT');
const OPTIONS = constantBytes('OPTIONS');

/** Bytes of a target (RFC 3986, plus the printable characters that programs send unencoded): no `#`, space, control or 8-bit byte. */
const TARGET = new Uint8Array(256);
for (let byte = 0x21; byte < 0x7f; byte++) TARGET[byte] = byte === 0x23 ? 0 : 1;

/** Returns the offset after the line, NEED_MORE, or REFUSED. `limit` in bytes, from the first byte of the method. */
export function parseRequestLine(bytes: Uint8Array, at: number, end: number, limit: number, head: Http1Head): number {
  const start = skipEmptyLines(bytes, at, end, head);
  if (start <= 0) return start;
  head.startAt = start;
  const stop = Math.min(end, start + limit);
  let i = start;
  while (i < stop && isTokenByte(bytes[i] as number)) i++;
  if (i - start > MAX_METHOD) return refuse(head, 'bad-method');
  if (i === stop) return outOfBytes(end, stop, head);
  if (bytes[i] !== SP || i === start) return refuse(head, 'bad-start-line');
  head.methodAt = start;
  head.methodLength = i - start;
  const targetAt = ++i;
  while (i < stop && TARGET[bytes[i] as number] === 1) i++;
  if (i === stop) return outOfBytes(end, stop, head);
  if (bytes[i] !== SP) return refuse(head, bytes[i] === CR || bytes[i] === LF ? 'bad-start-line' : 'bad-target');
  head.targetAt = targetAt;
  head.targetLength = i - targetAt;
  const next = parseVersionAndBreak(bytes, i + 1, end, head);
  if (next === REFUSED) return REFUSED;
  if (next - 2 > start + limit || (next === NEED_MORE && end > start + limit + 1)) return refuse(head, 'line-too-long');
  if (next === NEED_MORE) return NEED_MORE;
  return parseTarget(bytes, head) ? next : refuse(head, 'bad-target');
}

/** All bytes within the limit are used up. */
function outOfBytes(end: number, stop: number, head: Http1Head): number {
  return end > stop ? refuse(head, 'line-too-long') : NEED_MORE;
}

function skipEmptyLines(bytes: Uint8Array, at: number, end: number, head: Http1Head): number {
  let i = at;
  for (let lines = 0; i < end; lines++) {
    if (bytes[i] === LF) return refuse(head, 'bare-line-break');
    if (bytes[i] !== CR) return i;
    if (i + 1 === end) return NEED_MORE;
    if (bytes[i + 1] !== LF) return refuse(head, 'bare-line-break');
    if (lines === MAX_EMPTY_LINES) return refuse(head, 'empty-lines');
    i += 2;
  }
  return NEED_MORE;
}

/** `HTTP/1.x` and CRLF at `at`. */
function parseVersionAndBreak(bytes: Uint8Array, at: number, end: number, head: Http1Head): number {
  for (let i = 0; i < HTTP_1.length; i++) {
    if (at + i === end) return NEED_MORE;
    if (bytes[at + i] !== HTTP_1[i])
      return refuse(head, i > 4 && isDigit(bytes[at + i]) ? 'bad-version' : 'bad-start-line');
  }
  const digit = at + HTTP_1.length;
  if (digit === end) return NEED_MORE;
  if (!isDigit(bytes[digit])) return refuse(head, 'bad-start-line');
  head.versionMinor = (bytes[digit] as number) - 0x30;
  if (digit + 1 === end) return NEED_MORE;
  if (bytes[digit + 1] === LF) return refuse(head, 'bare-line-break');
  if (bytes[digit + 1] !== CR) return refuse(head, 'bad-start-line');
  if (digit + 2 === end) return NEED_MORE;
  if (bytes[digit + 2] !== LF) return refuse(head, 'bare-line-break');
  return head.versionMinor > 1 ? refuse(head, 'bad-version') : digit + 3;
}

/** The four forms of RFC 9112 3.2. */
function parseTarget(bytes: Uint8Array, head: Http1Head): boolean {
  const { methodAt, methodLength, targetAt, targetLength } = head;
  head.isHead = methodLength === 4 && equalsExact(bytes, methodAt, 4, HEAD);
  head.isConnect = methodLength === 7 && equalsExact(bytes, methodAt, 7, CONNECT);
  if (head.isConnect) {
    head.authorityAt = targetAt;
    head.authorityLength = targetLength;
    return isAuthority(bytes, targetAt, targetLength, true);
  }
  if (bytes[targetAt] === SLASH) {
    splitPath(bytes, targetAt, targetAt + targetLength, head);
    return true;
  }
  if (targetLength === 1 && bytes[targetAt] === 0x2a) return equalsExact(bytes, methodAt, methodLength, OPTIONS);
  return parseAbsoluteForm(bytes, head);
}

/** `scheme://authority[path][?query]`; schemes with digits or signs are left to nobody's guess. */
function parseAbsoluteForm(bytes: Uint8Array, head: Http1Head): boolean {
  const end = head.targetAt + head.targetLength;
  let i = head.targetAt;
  while (i < end && isLetter(bytes[i] as number)) i++;
  if (i === head.targetAt || bytes[i] !== 0x3a || bytes[i + 1] !== SLASH || bytes[i + 2] !== SLASH) return false;
  const authorityAt = i + 3;
  i = authorityAt;
  while (i < end && bytes[i] !== SLASH && bytes[i] !== 0x3f) i++;
  head.absoluteForm = true;
  head.authorityAt = authorityAt;
  head.authorityLength = i - authorityAt;
  splitPath(bytes, i, end, head);
  return i <= end && isAuthority(bytes, authorityAt, head.authorityLength, false);
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

function splitPath(bytes: Uint8Array, at: number, end: number, head: Http1Head): void {
  let question = at;
  while (question < end && bytes[question] !== 0x3f) question++;
  head.pathAt = at;
  head.pathLength = question - at;
  head.queryAt = Math.min(question + 1, end);
  head.queryLength = end - head.queryAt;
}

/**
 * `HTTP/1.x SP 3DIGIT [SP reason] CRLF`. The SP before an empty reason may be missing, as some servers leave it out.
 * Returns the offset after the line, NEED_MORE, or REFUSED.
 */
export function parseStatusLine(bytes: Uint8Array, at: number, end: number, head: Http1Head): number {
  head.startAt = at;
  for (let i = 0; i < HTTP_1.length; i++) {
    if (at + i === end) return NEED_MORE;
    if (bytes[at + i] !== HTTP_1[i])
      return refuse(head, i > 4 && isDigit(bytes[at + i]) ? 'bad-version' : 'bad-start-line');
  }
  const minor = at + HTTP_1.length;
  if (end - minor < 6) return hasLineFeed(bytes, minor, end) ? refuse(head, 'bad-start-line') : NEED_MORE;
  head.versionMinor = (bytes[minor] as number) - 0x30;
  const code = minor + 2;
  if (!isDigit(bytes[minor]) || bytes[minor + 1] !== SP) return refuse(head, 'bad-start-line');
  if (head.versionMinor > 1) return refuse(head, 'bad-version');
  if (!isDigit(bytes[code]) || !isDigit(bytes[code + 1]) || !isDigit(bytes[code + 2])) {
    return refuse(head, 'bad-start-line');
  }
  head.status = (bytes[code] as number) * 100 + (bytes[code + 1] as number) * 10 + (bytes[code + 2] as number) - 5328;
  if (head.status < 100) return refuse(head, 'bad-status');
  if (bytes[code + 3] !== SP && bytes[code + 3] !== CR) {
    return refuse(head, bytes[code + 3] === LF ? 'bare-line-break' : 'bad-start-line');
  }
  return endOfReason(bytes, code + 3, end, head);
}

/** HTAB, SP, VCHAR and obs-text up to CRLF. */
function endOfReason(bytes: Uint8Array, at: number, end: number, head: Http1Head): number {
  let i = at;
  while (i < end) {
    const byte = bytes[i] as number;
    if (byte === CR) {
      if (i + 1 === end) return NEED_MORE;
      return bytes[i + 1] === LF ? i + 2 : refuse(head, 'bare-line-break');
    }
    if (byte === LF) return refuse(head, 'bare-line-break');
    if ((byte < SP && byte !== 0x09) || byte === 0x7f) return refuse(head, 'bad-start-line');
    i++;
  }
  return NEED_MORE;
}

function hasLineFeed(bytes: Uint8Array, at: number, end: number): boolean {
  for (let i = at; i < end; i++) if (bytes[i] === LF) return true;
  return false;
}
