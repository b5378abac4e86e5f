/** Heads of HTTP/1.1 that stay HTTP/1.1: to the letter but for the route's edits and what concerns one hop only. */

import type { CompiledEdits } from '../codec/http1/header-edits.ts';
import { FRAMING_CHUNKED, FRAMING_LENGTH, FRAMING_NONE, type Http1Head } from '../codec/http1/http1-head.ts';
import { type ConnectionWord, NO_FIELDS, writeHead } from '../codec/http1/write-head.ts';
import type { Http2HeadPlan } from '../codec/http2/hpack-encoder.ts';
import type { BodyFraming } from '../convert/write-http1.ts';
import { connectionWord } from '../write-request.ts';

/** Writes a request at `outAt`. Returns bytes written, or a negative number when it may be too large. */
export function passRequest(
  bytes: Buffer,
  head: Http1Head,
  outAt: number,
  capacity: number,
  { edits, insert }: Http2HeadPlan,
): number {
  const connection = connectionWord(head);
  return writeHead(bytes, head, outAt, capacity, { connection, edits, insert });
}

/** Writes an answer at `outAt`, as `passRequest`. */
export function passAnswer(
  bytes: Buffer,
  head: Http1Head,
  outAt: number,
  capacity: number,
  edits: CompiledEdits | null,
  connection: ConnectionWord,
): number {
  return writeHead(bytes, head, outAt, capacity, { connection, edits, insert: NO_FIELDS });
}

/** How the body that follows such a head is framed. */
export function plainFraming({ framing }: Http1Head): BodyFraming {
  switch (framing) {
    case FRAMING_NONE:
      return 'none';
    case FRAMING_LENGTH:
      return 'length';
    case FRAMING_CHUNKED:
      return 'chunked';
    default:
      return 'until-close';
  }
}
