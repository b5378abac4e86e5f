/** Pseudo-header fields (RFC 9113 8.3) and what they say together. Each function returns '' or why the message is malformed. */
import { isAuthority } from '../http1/authority.ts';
import { constantBytes, equalsExact } from '../http1/bytes.ts';
import { sameLetters } from '../http1/nominated.ts';
import {
  FIRST_PSEUDO,
  PSEUDO_AUTHORITY,
  PSEUDO_METHOD,
  PSEUDO_PATH,
  PSEUDO_SCHEME,
  PSEUDO_STATUS,
} from './hpack-kinds.ts';
import { isMethod, isScheme, isTargetByte, parseStatus } from './hpack-values.ts';
import type { HeadKind, Http2Head } from './http2-head.ts';
import { STATIC_GET, STATIC_HTTP, STATIC_HTTPS, STATIC_POST } from './static-table.ts';

const METHOD_BIT = 1 << (PSEUDO_METHOD - FIRST_PSEUDO);
const SCHEME_BIT = 1 << (PSEUDO_SCHEME - FIRST_PSEUDO);
const AUTHORITY_BIT = 1 << (PSEUDO_AUTHORITY - FIRST_PSEUDO);
const PATH_BIT = 1 << (PSEUDO_PATH - FIRST_PSEUDO);

const HEAD = constantBytes('HEAD');
const CONNECT = constantBytes('CONNECT');
const OPTIONS = constantBytes('OPTIONS');
const SLASH = 0x2f;
const STAR = 0x2a;
const QUESTION = 0x3f;
/** Token of a value that was checked: the same number stands for the same bytes. */
let validAuthority = 0;

/** Notes one pseudo-header field. */
export function placePseudo(
  bytes: Uint8Array,
  head: Http2Head,
  section: HeadKind,
  kind: number,
  at: number,
  length: number,
  token: number,
): string {
  if (section === 'trailers') return 'trailers have a pseudo-header field';
  if ((kind === PSEUDO_STATUS) !== (section === 'response'))
    return `a pseudo-header field does not belong in a ${section}`;
  switch (kind) {
    case PSEUDO_METHOD:
      head.methodAt = at;
      head.methodLength = length;
      head.methodToken = token;
      return '';
    case PSEUDO_SCHEME:
      head.schemeAt = at;
      head.schemeLength = length;
      head.schemeToken = token;
      return '';
    case PSEUDO_AUTHORITY:
      head.authorityAt = at;
      head.authorityLength = length;
      head.authorityToken = token;
      return '';
    case PSEUDO_PATH:
      head.targetAt = at;
      head.targetLength = length;
      head.pathToken = token;
      return '';
    default:
      head.status = parseStatus(bytes, at, length);
      if (head.status < 0) return ':status is not a three-digit number from 100 on';
      return head.status === 101 ? '101 does not exist in HTTP/2' : '';
  }
}

/** What a request needs (RFC 9113 8.3.1, 8.5). `pseudo`: bits of what it has; `hostField`: index of Host, -1 = none. */
export function settleRequest(bytes: Uint8Array, head: Http2Head, pseudo: number, hostField: number): string {
  if (head.methodToken !== STATIC_GET && head.methodToken !== STATIC_POST) {
    const { methodAt, methodLength } = head;
    if (!isMethod(bytes, methodAt, methodLength)) return 'the request has no valid :method';
    head.isHead = equalsExact(bytes, methodAt, methodLength, HEAD);
    head.isConnect = equalsExact(bytes, methodAt, methodLength, CONNECT);
  }
  const authority = settleAuthority(bytes, head, (pseudo & AUTHORITY_BIT) !== 0, hostField);
  if (authority !== '') return authority;
  if (head.isConnect) return settleConnect(head, pseudo);
  if (head.schemeToken !== STATIC_HTTP && head.schemeToken !== STATIC_HTTPS) {
    const hasScheme = (pseudo & SCHEME_BIT) !== 0 && isScheme(bytes, head.schemeAt, head.schemeLength);
    if (!hasScheme) return 'the request has no valid :scheme';
  }
  return (pseudo & PATH_BIT) === 0 ? 'the request has no :path' : settlePath(bytes, head);
}

/** A tunnel has a host and port, and nothing else to ask for. It has no body either (RFC 9110 9.3.6). */
function settleConnect(head: Http2Head, pseudo: number): string {
  if ((pseudo & ~(METHOD_BIT | AUTHORITY_BIT)) !== 0) return 'CONNECT has a :scheme or a :path';
  if (head.authorityLength === 0) return 'CONNECT has no :authority';
  head.targetAt = head.authorityAt;
  head.targetLength = head.authorityLength;
  return head.contentLength > 0 ? 'CONNECT has a Content-Length' : '';
}

/** `:authority` and Host must agree; a lone Host stands for both. */
function settleAuthority(bytes: Uint8Array, head: Http2Head, hasAuthority: boolean, hostField: number): string {
  if (hasAuthority && (head.authorityToken === 0 || head.authorityToken !== validAuthority || head.isConnect)) {
    if (!isAuthority(bytes, head.authorityAt, head.authorityLength, head.isConnect)) {
      return ':authority is no valid host and port';
    }
    if (head.authorityToken > 0) validAuthority = head.authorityToken;
  }
  if (hostField < 0) return '';
  const at = head.valueAt[hostField];
  const length = head.valueLength[hostField];
  if (!hasAuthority) {
    head.authorityAt = at;
    head.authorityLength = length;
    head.authorityToken = 0;
    return isAuthority(bytes, at, length, head.isConnect) ? '' : 'Host is no valid host and port';
  }
  const same = length === head.authorityLength && sameLetters(bytes, at, head.authorityAt, length);
  return same ? '' : ':authority and Host differ';
}

/** Origin form, or `*` of OPTIONS. */
function settlePath(bytes: Uint8Array, head: Http2Head): string {
  const { targetAt, targetLength } = head;
  const end = targetAt + targetLength;
  let i = targetAt;
  while (i < end && isTargetByte(bytes[i]) && bytes[i] !== QUESTION) i++;
  const question = i;
  while (i < end && isTargetByte(bytes[i])) i++;
  if (i < end || targetLength === 0) return ':path is empty or has a character that is not allowed there';
  if (bytes[targetAt] !== SLASH) {
    const isStar = targetLength === 1 && bytes[targetAt] === STAR;
    return isStar && equalsExact(bytes, head.methodAt, head.methodLength, OPTIONS) ? '' : ':path does not begin with /';
  }
  head.pathAt = targetAt;
  head.pathLength = question - targetAt;
  head.queryAt = Math.min(question + 1, end);
  head.queryLength = end - head.queryAt;
  return '';
}
