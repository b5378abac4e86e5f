/** Which fields the Connection header may have removed (RFC 9110 7.6.1). */
import { constantBytes, equalsLower, startsLower } from './bytes.ts';
import type { Http1Head } from './http1-head.ts';

/**
 * Never: a peer must not be able to strip what routes, frames or authenticates a message, or what we put there. The
 * fields that the codec acts on itself (Host, Content-Length, Transfer-Encoding, ...) do not get here.
 */
const NAMES = [
  'authorization',
  'b3',
  'baggage',
  'cache-control',
  'cookie',
  'cookie2',
  'date',
  'expect',
  'forwarded',
  'max-forwards',
  'origin',
  'proxy-authenticate',
  'proxy-authorization',
  'range',
  'set-cookie',
  'traceparent',
  'tracestate',
  'trailer',
  'via',
  'www-authenticate',
  'x-real-ip',
  'x-request-id',
].map(constantBytes);

const PREFIXES = ['content-', 'grpc-', 'sec-', 'x-b3-', 'x-envoy-', 'x-forwarded-', 'x-towpath-'].map(constantBytes);

/** True if Connection names this field and may do so. */
export function isNominated(bytes: Uint8Array, head: Http1Head, field: number): boolean {
  const at = head.nameAt[field] as number;
  const length = head.nameLength[field] as number;
  for (let i = 0; i < head.nominatedCount; i++) {
    if (head.nominatedLength[i] === length && sameLetters(bytes, at, head.nominatedAt[i] as number, length)) {
      return !isProtected(bytes, at, length);
    }
  }
  return false;
}

function isProtected(bytes: Uint8Array, at: number, length: number): boolean {
  for (const name of NAMES) if (equalsLower(bytes, at, length, name)) return true;
  for (const prefix of PREFIXES) if (startsLower(bytes, at, length, prefix)) return true;
  return false;
}

/** Compares two places of the same memory, letters' case aside. */
export function sameLetters(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (lower(bytes[a + i] as number) !== lower(bytes[b + i] as number)) return false;
  }
  return true;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
