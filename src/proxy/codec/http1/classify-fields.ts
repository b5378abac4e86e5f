/** Finds, among the fields of a head, those that the codec itself acts on. */
import { constantBytes, equalsLower, isBlank } from './bytes.ts';
import {
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_EXPECT,
  FIELD_HOP,
  FIELD_HOST,
  FIELD_KEEP_ALIVE,
  FIELD_OTHER,
  FIELD_TE,
  FIELD_TE_TRAILERS,
  FIELD_TRANSFER_ENCODING,
  FIELD_UPGRADE,
  type Http1Head,
} from './http1-head.ts';

const TE = constantBytes('te');
const TRAILERS = constantBytes('trailers');
const HOST = constantBytes('host');
const EXPECT = constantBytes('expect');
const UPGRADE = constantBytes('upgrade');
const CONNECTION = constantBytes('connection');
const KEEP_ALIVE = constantBytes('keep-alive');
const CONTENT_LENGTH = constantBytes('content-length');
const HTTP2_SETTINGS = constantBytes('http2-settings');
const PROXY_CONNECTION = constantBytes('proxy-connection');
const TRANSFER_ENCODING = constantBytes('transfer-encoding');

/** Kind of one field name. The length alone rules out most. */
function kindOf(bytes: Uint8Array, at: number, length: number): number {
  switch (length) {
    case 2:
      return equalsLower(bytes, at, 2, TE) ? FIELD_TE : FIELD_OTHER;
    case 4:
      return equalsLower(bytes, at, 4, HOST) ? FIELD_HOST : FIELD_OTHER;
    case 6:
      return equalsLower(bytes, at, 6, EXPECT) ? FIELD_EXPECT : FIELD_OTHER;
    case 7:
      return equalsLower(bytes, at, 7, UPGRADE) ? FIELD_UPGRADE : FIELD_OTHER;
    case 10:
      if (equalsLower(bytes, at, 10, CONNECTION)) return FIELD_CONNECTION;
      return equalsLower(bytes, at, 10, KEEP_ALIVE) ? FIELD_KEEP_ALIVE : FIELD_OTHER;
    case 14:
      if (equalsLower(bytes, at, 14, CONTENT_LENGTH)) return FIELD_CONTENT_LENGTH;
      return equalsLower(bytes, at, 14, HTTP2_SETTINGS) ? FIELD_HOP : FIELD_OTHER;
    case 16:
      return equalsLower(bytes, at, 16, PROXY_CONNECTION) ? FIELD_HOP : FIELD_OTHER;
    case 17:
      return equalsLower(bytes, at, 17, TRANSFER_ENCODING) ? FIELD_TRANSFER_ENCODING : FIELD_OTHER;
    default:
      return FIELD_OTHER;
  }
}

/** Trims values in place, fills `fieldKind`, counts `hopFields` and `framingFields`. */
export function classifyFields(bytes: Uint8Array, head: Http1Head, count: number): void {
  const { nameAt, nameLength, valueAt, valueLength, fieldKind } = head;
  let hops = 0;
  let framings = 0;
  for (let i = 0; i < count; i++) {
    let at = valueAt[i] as number;
    let end = at + (valueLength[i] as number);
    while (end > at && isBlank(bytes[end - 1])) end--;
    while (at < end && isBlank(bytes[at])) at++;
    // llhttp places an empty value behind its line; here it lies behind the colon.
    if (end === at) end = at = (nameAt[i] as number) + (nameLength[i] as number) + 1;
    valueAt[i] = at;
    valueLength[i] = end - at;
    let kind = kindOf(bytes, nameAt[i] as number, nameLength[i] as number);
    if (kind === FIELD_TE && equalsLower(bytes, at, end - at, TRAILERS)) kind = FIELD_TE_TRAILERS;
    fieldKind[i] = kind;
    if (kind === FIELD_CONTENT_LENGTH || kind === FIELD_TRANSFER_ENCODING) framings++;
    if (kind >= FIELD_CONNECTION && kind <= FIELD_KEEP_ALIVE) hops++;
  }
  head.fieldCount = count;
  head.hopFields = hops;
  head.framingFields = framings;
}
