/** Fields that may not come after the body, in either protocol (RFC 9110 6.5.1). */
import { constantBytes, equalsLower, startsLower } from './http1/bytes.ts';

/** Framing, routing, authentication, modifiers and payload descriptions: meaningless or dangerous there. */
const NAMES = [
  'accept-encoding',
  'age',
  'authorization',
  'cache-control',
  'connection',
  'cookie',
  'date',
  'expect',
  'expires',
  'forwarded',
  'host',
  'http2-settings',
  'keep-alive',
  'location',
  'max-forwards',
  'pragma',
  'proxy-connection',
  'range',
  'retry-after',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'vary',
  'via',
  'www-authenticate',
  'x-request-id',
].map(constantBytes);
const PREFIXES = ['content-', 'if-', 'proxy-auth', 'x-forwarded-', 'x-towpath-', 'x-envoy-'].map(constantBytes);

/** True for a field that is left out of trailers. */
export function isForbiddenInTrailers(bytes: Uint8Array, at: number, length: number): boolean {
  for (const name of NAMES) if (equalsLower(bytes, at, length, name)) return true;
  for (const prefix of PREFIXES) if (startsLower(bytes, at, length, prefix)) return true;
  return false;
}
