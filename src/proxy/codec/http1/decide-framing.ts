/** Where the body ends (RFC 9112 6.3). Anything that two readers could take differently is refused. */
import { isTokenByte } from '../../../protocol-sniff/token.ts';
import { constantBytes, type Element, equalsLower, isDigit, nextElement } from './bytes.ts';
import {
  FIELD_CONTENT_LENGTH,
  FIELD_TRANSFER_ENCODING,
  FRAMING_CHUNKED,
  FRAMING_LENGTH,
  FRAMING_NONE,
  FRAMING_UNTIL_CLOSE,
  type Http1Head,
} from './http1-head.ts';
import type { RefusalId } from './refusals.ts';

const CHUNKED = constantBytes('chunked');
const CODINGS = ['gzip', 'x-gzip', 'deflate', 'compress', 'x-compress'].map(constantBytes);
const element: Element = { at: 0, length: 0 };

/** What the request was, as far as it changes how its response is read. `upgrade`: WebSocket was offered. */
export type RequestKind = 'HEAD' | 'CONNECT' | 'upgrade' | 'other';

/** Transfer-Encoding as a whole. */
type Coding = 'none' | 'chunked' | 'chunked-last' | 'not-chunked' | 'unknown' | 'bad';

/** Sets `framing` and `contentLength` of a request. */
export function decideRequestFraming(bytes: Uint8Array, head: Http1Head): RefusalId | null {
  const coding = readCodings(bytes, head);
  const lengths = readLengths(bytes, head);
  if (lengths !== null) return lengths;
  const conflict = findConflict(head, coding);
  if (conflict !== null) return conflict;
  switch (coding) {
    case 'none':
      // A CONNECT has no body (RFC 9110 9.3.6): what follows belongs to the tunnel, so a length is a trap.
      if (head.isConnect && head.contentLength > 0) return 'bad-length';
      head.framing = head.contentLength > 0 ? FRAMING_LENGTH : FRAMING_NONE;
      return null;
    case 'chunked':
      if (head.isConnect) return 'bad-encoding';
      head.framing = FRAMING_CHUNKED;
      return null;
    case 'chunked-last':
    case 'unknown':
      return 'unknown-encoding';
    case 'not-chunked':
    case 'bad':
      return 'bad-encoding';
  }
}

/** Sets `framing` and `contentLength` of a response, and `cutFraming`. */
export function decideResponseFraming(bytes: Uint8Array, head: Http1Head, kind: RequestKind): RefusalId | null {
  const coding = readCodings(bytes, head);
  const lengths = readLengths(bytes, head);
  if (lengths !== null) return lengths;
  const conflict = findConflict(head, coding);
  if (conflict !== null) return conflict;
  const bodiless = findBodyWhereNone(head, coding);
  if (bodiless !== null) return bodiless;
  const connected = kind === 'CONNECT' && head.status >= 200 && head.status < 300;
  if (head.status < 200 || head.status === 204 || connected) {
    head.cutFraming = coding !== 'none' || head.contentLength > 0;
    return null;
  }
  if (kind === 'HEAD' || head.status === 304) return null;
  if (coding === 'chunked' || coding === 'chunked-last') head.framing = FRAMING_CHUNKED;
  else if (coding === 'none' && head.contentLength >= 0)
    head.framing = head.contentLength > 0 ? FRAMING_LENGTH : FRAMING_NONE;
  else head.framing = FRAMING_UNTIL_CLOSE;
  if (head.framing === FRAMING_UNTIL_CLOSE) head.keepAlive = false;
  return null;
}

/** Interim answers, 204 and 304 have no body (RFC 9112 6.3), but there are readers who take what their fields announce for one. */
function findBodyWhereNone(head: Http1Head, coding: Coding): RefusalId | null {
  const { status } = head;
  if (status >= 200 && status !== 204 && status !== 304) return null;
  if (status < 200 && head.versionMinor === 0) return 'interim-in-1.0';
  if (coding === 'not-chunked' || coding === 'unknown') return 'bad-encoding';
  const isUnknown = status > 103 && status < 200;
  return isUnknown && (coding !== 'none' || head.contentLength > 0) ? 'interim-with-body' : null;
}

function findConflict(head: Http1Head, coding: Coding): RefusalId | null {
  if (coding === 'none') return null;
  if (head.contentLength >= 0) return 'length-and-encoding';
  if (head.versionMinor === 0) return 'encoding-in-1.0';
  return coding === 'bad' ? 'bad-encoding' : null;
}

/** Reads every Content-Length; -1 stays if there is none. */
function readLengths(bytes: Uint8Array, head: Http1Head): RefusalId | null {
  if (head.framingFields === 0) return null;
  for (let i = 0; i < head.fieldCount; i++) {
    if (head.fieldKind[i] !== FIELD_CONTENT_LENGTH) continue;
    if (head.contentLength >= 0) return 'two-lengths';
    if (head.isRequest && hasTab(bytes, head, i)) return 'bad-length';
    const length = parseLength(bytes, head.valueAt[i] as number, head.valueLength[i] as number, head.isRequest);
    if (length < 0) return 'bad-length';
    head.contentLength = length;
  }
  return null;
}

/**
 * Decimal digits up to 2^53 - 1; -1 otherwise. Leading zeros are refused in requests, because some servers read such a
 * number as octal, and let through in responses, where nobody gains by them.
 */
function parseLength(bytes: Uint8Array, at: number, length: number, isRequest: boolean): number {
  if (length === 0 || length > 32 || (isRequest && length > 1 && bytes[at] === 0x30)) return -1;
  let value = 0;
  for (let i = at; i < at + length; i++) {
    if (!isDigit(bytes[i])) return -1;
    value = value * 10 + ((bytes[i] as number) - 0x30);
    if (value > Number.MAX_SAFE_INTEGER) return -1;
  }
  return value;
}

/** Reads every Transfer-Encoding as one list. */
function readCodings(bytes: Uint8Array, head: Http1Head): Coding {
  let coding: Coding = 'none';
  if (head.framingFields === 0) return coding;
  for (let i = 0; i < head.fieldCount; i++) {
    if (head.fieldKind[i] !== FIELD_TRANSFER_ENCODING) continue;
    const at = head.valueAt[i] as number;
    const end = at + (head.valueLength[i] as number);
    if (end === at || bytes[at] === 0x2c || bytes[end - 1] === 0x2c || hasTab(bytes, head, i)) return 'bad';
    for (let next = nextElement(bytes, at, end, element); next >= 0; next = nextElement(bytes, next, end, element)) {
      coding = addCoding(bytes, coding);
      if (coding === 'bad') return 'bad';
    }
  }
  return coding;
}

/** A tab beside a framing value is legal, but readers differ in whether they see the value behind it. */
function hasTab(bytes: Uint8Array, head: Http1Head, field: number): boolean {
  let at = (head.nameAt[field] as number) + (head.nameLength[field] as number);
  while (bytes[at] !== 0x0d && bytes[at] !== 0x09) at++;
  return bytes[at] === 0x09;
}

/** `chunked` must be the last coding and come once. */
function addCoding(bytes: Uint8Array, before: Coding): Coding {
  if (before === 'chunked' || before === 'chunked-last') return 'bad';
  if (equalsLower(bytes, element.at, element.length, CHUNKED)) return before === 'none' ? 'chunked' : 'chunked-last';
  for (let i = element.at; i < element.at + element.length; i++) {
    if (!isTokenByte(bytes[i] as number)) return 'bad';
  }
  if (before === 'unknown') return 'unknown';
  return CODINGS.some((name) => equalsLower(bytes, element.at, element.length, name)) ? 'not-chunked' : 'unknown';
}
