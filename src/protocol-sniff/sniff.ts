/**
 * What protocol a client speaks, from its first bytes. Pure; see the decision list at `sniff`. The rule against being
 * fooled both ways: a line protocol must never be taken for HTTP (its client would get a 400), and bytes that some lenient
 * server would read as HTTP must never pass as opaque (they would escape the HTTP rules): the codec refuses those.
 */
import { isTokenByte } from './token.ts';

export type Verdict = 'http1' | 'http2' | 'tls' | 'opaque';

/** Bytes within which a verdict is reached. */
export const SNIFF_LIMIT = 8192;
/** Largest ClientHello, and largest HTTP/1 head, in bytes. */
export const HEAD_LIMIT = 65_536;

const MAX_METHOD = 64;
/** Blank lines skipped before a request line; the codec refuses more than it tolerates. */
const MAX_LEADING = 16;
const PREFACE = ascii('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** Of the version, what stands before its two digits. */
const NAME = ascii('HTTP/');
/** A blank, the name, `d.d`. */
const VERSION_LENGTH = 1 + NAME.length + 3;
const WEB_TARGETS = ['/', 'http://', 'https://', '*'].map(ascii);
const SP = 0x20;
const HTAB = 0x09;
const CR = 0x0d;
const LF = 0x0a;

/**
 * Decides from the first `length` bytes at `at`; 'need-more' only if more bytes could change the answer.
 * 1. The 24 bytes of the HTTP/2 connection preface (RFC 9113 3.4): http2.
 * 2. A TLS handshake record (0x16, version 3.x) that begins with a ClientHello: tls (RFC 8446 5.1).
 * 3. A first line `token blank target blank HTTP/d.d`, possibly after blank lines: http1. The whole line is awaited:
 *    `GET /key` is also a Redis command and `get /key` one of memcached; only the version at its end proves HTTP.
 * 4. A first line longer than SNIFF_LIMIT: http1 if its second word looks like a web target (the codec answers 414).
 * 5. Anything else: opaque.
 */
export function sniff(bytes: Uint8Array, at: number, length: number): Verdict | 'need-more' {
  if (length === 0) return 'need-more';
  const end = at + Math.min(length, SNIFF_LIMIT);
  const preface = matched(bytes, at, end, PREFACE);
  if (preface === PREFACE.length) return 'http2';
  if (bytes[at] === 0x16) return sniffTls(bytes, at, end);
  // Cut short while still equal: 'PRI' could also begin a request line, but that needs more bytes as well.
  if (preface === end - at) return 'need-more';
  return sniffRequestLine(bytes, at, end, length >= SNIFF_LIMIT);
}

/** Record header (type, version 3.x, length) and handshake type 1. */
function sniffTls(bytes: Uint8Array, at: number, end: number): Verdict | 'need-more' {
  if (at + 1 < end && bytes[at + 1] !== 3) return 'opaque';
  if (at + 2 < end && (bytes[at + 2] as number) > 4) return 'opaque';
  if (at + 4 < end) {
    const recordLength = ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number);
    if (recordLength < 4 || recordLength > 16_384 + 256) return 'opaque';
  }
  if (at + 5 >= end) return 'need-more';
  return bytes[at + 5] === 1 ? 'tls' : 'opaque';
}

function sniffRequestLine(bytes: Uint8Array, at: number, end: number, isFull: boolean): Verdict | 'need-more' {
  let start = at;
  while (start < end && isBreak(bytes[start]) && start - at < MAX_LEADING) start++;
  let i = start;
  while (i < end && isTokenByte(bytes[i] as number) && i - start <= MAX_METHOD) i++;
  if (i === end) return isFull ? 'opaque' : 'need-more';
  if (i === start || !isBlank(bytes[i])) return 'opaque';
  const methodEnd = i;
  while (i < end && !isBreak(bytes[i])) {
    // No server reads a request line with other control characters, so binary protocols can be told from here.
    if (isControl(bytes[i] as number)) return 'opaque';
    i++;
  }
  if (i < end) return endsInVersion(bytes, methodEnd, i) ? 'http1' : 'opaque';
  if (!isFull) return 'need-more';
  return WEB_TARGETS.some((word) => matched(bytes, methodEnd + 1, end, word) === word.length) ? 'http1' : 'opaque';
}

/** True for a line whose rest after the method is `target HTTP/d.d`, blanks at its end aside. */
function endsInVersion(bytes: Uint8Array, methodEnd: number, lineEnd: number): boolean {
  let end = lineEnd;
  while (isBlank(bytes[end - 1])) end--;
  const version = end - VERSION_LENGTH;
  if (version <= methodEnd) return false;
  const separator = isBlank(bytes[version]);
  const name = matched(bytes, version + 1, end, NAME) === NAME.length;
  const digits = isDigit(bytes[end - 3]) && bytes[end - 2] === 0x2e && isDigit(bytes[end - 1]);
  return separator && name && digits;
}

/** How many bytes at `at` equal the beginning of `expected`. */
function matched(bytes: Uint8Array, at: number, end: number, expected: Uint8Array): number {
  let i = 0;
  while (i < expected.length && at + i < end && bytes[at + i] === expected[i]) i++;
  return i;
}

function ascii(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

function isBreak(byte: number | undefined): boolean {
  return byte === CR || byte === LF;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === HTAB;
}

function isControl(byte: number): boolean {
  return (byte < SP && byte !== HTAB) || byte === 0x7f;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
