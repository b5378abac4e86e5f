/** The static table of HPACK (RFC 7541 appendix A), as one run of bytes with offsets. */

const ENTRIES: readonly (readonly [name: string, value: string])[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
];

/** The highest index; those of the dynamic table follow. */
export const STATIC_ENTRIES = ENTRIES.length;

export const STATIC_AUTHORITY = 1;
export const STATIC_GET = 2;
export const STATIC_POST = 3;
export const STATIC_ROOT_PATH = 4;
export const STATIC_HTTP = 6;
export const STATIC_HTTPS = 7;
export const STATIC_STATUS_200 = 8;

/** Names and values, one after the other. */
export const STATIC_BYTES = Buffer.from(ENTRIES.flat().join(''), 'latin1');
export const STATIC_VIEW = new DataView(STATIC_BYTES.buffer, STATIC_BYTES.byteOffset, STATIC_BYTES.length);
/** By index, 1 to 61: offsets in STATIC_BYTES and lengths. */
export const STATIC_NAME_AT = new Int32Array(STATIC_ENTRIES + 1);
export const STATIC_NAME_LENGTH = new Int32Array(STATIC_ENTRIES + 1);
export const STATIC_VALUE_AT = new Int32Array(STATIC_ENTRIES + 1);
export const STATIC_VALUE_LENGTH = new Int32Array(STATIC_ENTRIES + 1);

function placeEntries(): void {
  let at = 0;
  for (const [i, [name, value]] of ENTRIES.entries()) {
    STATIC_NAME_AT[i + 1] = at;
    STATIC_NAME_LENGTH[i + 1] = name.length;
    STATIC_VALUE_AT[i + 1] = at + name.length;
    STATIC_VALUE_LENGTH[i + 1] = value.length;
    at += name.length + value.length;
  }
}
placeEntries();
