/** What an HTTP/2 server may say before its client has said anything. Pure. */

const FRAME_HEADER = 9;
const SETTINGS = 4;
const SETTING_BYTES = 6;
/** More settings than any server sends: RFC 9113 and its extensions define ten. */
const MAX_SETTINGS = 32;

/**
 * True when the `length` bytes at `at` begin with a SETTINGS frame, or with as much of one as has come: whole settings, no flags,
 * stream 0 (RFC 9113 3.4, 6.5). Nothing else that speaks first begins so: the first byte of a greeting is text, or a length
 * that is not zero.
 */
export function isHttp2Greeting(bytes: Uint8Array, at: number, length: number): boolean {
  if (length === 0 || bytes[at] !== 0) return false;
  if (length > 1 && bytes[at + 1] !== 0) return false;
  const size = bytes[at + 2] ?? 0;
  if (length > 2 && (size % SETTING_BYTES !== 0 || size > MAX_SETTINGS * SETTING_BYTES)) return false;
  if (length > 3 && bytes[at + 3] !== SETTINGS) return false;
  for (let i = 4; i < Math.min(length, FRAME_HEADER); i++) if (bytes[at + i] !== 0) return false;
  return true;
}
