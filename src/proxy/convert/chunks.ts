/** Chunked coding of bodies that did not come in it (RFC 9112 7.1). */

import { TrailerSection } from '../codec/http1/trailers.ts';
import type { MessageHead } from '../codec/message-head.ts';
import { TextWriter } from './text-writer.ts';

/** Bytes around the data of one chunk, and around the last one, at most. */
export const CHUNK_EXTRA = 32;
/** Largest trailer section that is written; larger ones are left out. */
const MAX_TRAILERS = 8192;

/** Writes `length` bytes at `at` as one chunk, and the last chunk too if `end`. Returns bytes written. */
export function writeChunk(bytes: Buffer, at: number, length: number, end: boolean, outAt: number): number {
  const out = new TextWriter(bytes);
  out.at = outAt;
  if (length > 0) {
    out.text(`${length.toString(16)}\r\n`);
    out.copy(at, length);
    out.lineBreak();
  }
  if (end) out.text('0\r\n\r\n');
  return out.at - outAt;
}

/** Writes the last chunk with those trailers that may be sent (RFC 9110 6.5.1). Returns bytes written. */
export function writeTrailers(bytes: Buffer, head: MessageHead, outAt: number): number {
  const out = new TextWriter(bytes);
  out.at = outAt;
  let size = 2;
  for (let i = 0; i < head.fieldCount; i++) size += head.nameLength[i] + head.valueLength[i] + 4;
  if (size > MAX_TRAILERS) return writeChunk(bytes, 0, 0, true, outAt);
  for (let i = 0; i < head.fieldCount; i++) {
    out.copy(head.nameAt[i], head.nameLength[i]);
    out.text(': ');
    out.copy(head.valueAt[i], head.valueLength[i]);
    out.lineBreak();
  }
  out.lineBreak();
  const section = new TrailerSection();
  section.add(bytes, outAt, out.at);
  const allowed = section.allowedLines();
  out.at = outAt;
  out.text('0\r\n');
  out.constant(allowed);
  out.lineBreak();
  return out.at - outAt;
}
