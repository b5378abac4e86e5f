/**
 * Heads that came in HTTP/2, written in HTTP/1.1 (RFC 9113 8, 10.3). Framing lines are ours alone, Host comes from `:authority`,
 * cookie crumbs are joined (8.2.3). The decoder has refused everything that could break a line.
 */
import { isAuthority } from '../codec/http1/authority.ts';
import { constantBytes, equalsLower } from '../codec/http1/bytes.ts';
import type { CompiledEdits, HeaderEdit } from '../codec/http1/header-edits.ts';
import { FIELD_CONTENT_LENGTH, FIELD_HOST, FIELD_TE_TRAILERS } from '../codec/http1/http1-head.ts';
import { lineBytes, NO_FIELDS, putLines } from '../codec/http1/inserted-lines.ts';
import type { Http2HeadPlan, Inserted } from '../codec/http2/hpack-encoder.ts';
import type { MessageHead } from '../codec/message-head.ts';
import { newTarget } from '../codec/new-target.ts';
import { reasonPhrase } from '../codec/reason-phrase.ts';
import { TextWriter } from './text-writer.ts';

/** How the body that follows is framed. */
export type BodyFraming =
  /** There is none, and nothing says so. */
  | 'none'
  /** There is none; `content-length: 0` says so, for some methods and statuses let expect one. */
  | 'empty'
  /** `content-length` of the head. */
  | 'length'
  | 'chunked'
  /** It ends with the connection. */
  | 'until-close';

export const TOO_LARGE = -1;
/** The authority cannot stand in a Host line. */
export const BAD_AUTHORITY = -2;

/** Start line, framing and connection lines of ours, at most. */
const OWN_LINES = 256;
/** `: ` and the line break. */
const LINE_EXTRA = 4;
const NO_EDITS: readonly HeaderEdit[] = [];
const COOKIE = constantBytes('cookie');
const HOST = 'host';

/** Writes a request at `outAt`. Returns bytes written, TOO_LARGE or BAD_AUTHORITY. */
export function writeHttp1Request(
  bytes: Buffer,
  head: MessageHead,
  outAt: number,
  capacity: number,
  plan: Http2HeadPlan,
  framing: BodyFraming,
): number {
  const edits = plan.edits === null ? NO_EDITS : plan.edits.edits;
  if (sizeLimit(head, plan.edits, plan.insert) > capacity) return TOO_LARGE;
  const host = edits.find((edit) => edit.name.toLowerCase() === HOST)?.value ?? null;
  if (host === null && head.authorityLength > 0 && !isAuthority(bytes, head.authorityAt, head.authorityLength, false))
    return BAD_AUTHORITY;
  const out = new TextWriter(bytes);
  out.at = outAt;
  out.copy(head.methodAt, head.methodLength);
  out.byte(0x20);
  const target = newTarget(bytes, head, plan.edits);
  if (target === null) out.copy(head.targetAt, head.targetLength);
  else out.text(target);
  out.text(' HTTP/1.1\r\n');
  if (host === null) out.line('host: ', head.authorityAt, head.authorityLength);
  else out.text(`host: ${host}\r\n`);
  const te = writeFields(out, head, edits);
  for (const edit of edits) if (edit.name.toLowerCase() !== HOST) writeRest(out, head, edit);
  out.at = putLines(bytes, out.at, plan.insert);
  if (te) out.text('te: trailers\r\nconnection: TE\r\n');
  writeFraming(out, head, framing);
  out.lineBreak();
  return out.at - outAt;
}

/** Writes a response at `outAt`. Returns bytes written or TOO_LARGE. */
export function writeHttp1Response(
  bytes: Buffer,
  head: MessageHead,
  outAt: number,
  capacity: number,
  changes: CompiledEdits | null,
  framing: BodyFraming,
  connection: 'none' | 'close' | 'keep-alive',
): number {
  const edits = changes === null ? NO_EDITS : changes.edits;
  if (sizeLimit(head, changes, NO_FIELDS) > capacity) return TOO_LARGE;
  const out = new TextWriter(bytes);
  out.at = outAt;
  out.text('HTTP/1.1 ');
  out.status(head.status);
  out.text(` ${reasonPhrase(head.status)}\r\n`);
  writeFields(out, head, edits);
  for (const edit of edits) writeRest(out, head, edit);
  if (connection !== 'none') out.text(`connection: ${connection}\r\n`);
  writeFraming(out, head, framing);
  out.lineBreak();
  return out.at - outAt;
}

function sizeLimit(head: MessageHead, edits: CompiledEdits | null, insert: readonly Inserted[]): number {
  let size = OWN_LINES + head.methodLength + head.targetLength + head.authorityLength + lineBytes(insert);
  if (edits !== null) size += edits.maxBytes;
  for (let i = 0; i < head.fieldCount; i++) size += head.nameLength[i] + head.valueLength[i] + LINE_EXTRA;
  return size;
}

/** Every field that is not the codec's own and that no edit replaces. Returns whether `te: trailers` was among them. */
function writeFields(out: TextWriter, head: MessageHead, edits: readonly HeaderEdit[]): boolean {
  const { bytes } = out;
  let te = false;
  let cookies = false;
  for (let i = 0; i < head.fieldCount; i++) {
    const kind = head.fieldKind[i];
    if (kind === FIELD_HOST || kind === FIELD_CONTENT_LENGTH) continue;
    if (kind === FIELD_TE_TRAILERS) {
      te = true;
      continue;
    }
    if (edits.some((edit) => concerns(bytes, head, i, edit))) continue;
    if (head.isRequest && equalsLower(bytes, head.nameAt[i], head.nameLength[i], COOKIE)) {
      if (!cookies) writeCookies(out, head, i);
      cookies = true;
      continue;
    }
    writeName(out, head, i);
    out.copy(head.valueAt[i], head.valueLength[i]);
    out.lineBreak();
  }
  return te;
}

function concerns(bytes: Buffer, head: MessageHead, i: number, edit: HeaderEdit): boolean {
  return equalsLower(bytes, head.nameAt[i], head.nameLength[i], edit.lowerName);
}

function writeName(out: TextWriter, head: MessageHead, i: number): void {
  out.copy(head.nameAt[i], head.nameLength[i]);
  out.text(': ');
}

function writeCookies(out: TextWriter, head: MessageHead, first: number): void {
  writeName(out, head, first);
  out.copy(head.valueAt[first], head.valueLength[first]);
  for (let i = first + 1; i < head.fieldCount; i++) {
    if (!equalsLower(out.bytes, head.nameAt[i], head.nameLength[i], COOKIE)) continue;
    out.text('; ');
    out.copy(head.valueAt[i], head.valueLength[i]);
  }
  out.lineBreak();
}

/** The lines of a name that an edit concerns: replaced, or as they were with the value added to the last one. */
function writeRest(out: TextWriter, head: MessageHead, edit: HeaderEdit): void {
  let last = -1;
  if (!edit.replaces) {
    for (let i = 0; i < head.fieldCount; i++) {
      if (!concerns(out.bytes, head, i, edit)) continue;
      if (last >= 0) out.lineBreak();
      last = i;
      writeName(out, head, i);
      out.copy(head.valueAt[i], head.valueLength[i]);
    }
  }
  if (edit.value !== null) {
    if (last < 0) out.text(`${edit.name}: ${edit.value}`);
    else out.text(head.valueLength[last] > 0 ? `,${edit.value}` : edit.value);
  }
  if (edit.value !== null || last >= 0) out.lineBreak();
}

function writeFraming(out: TextWriter, head: MessageHead, framing: BodyFraming): void {
  switch (framing) {
    case 'chunked':
      return out.text('transfer-encoding: chunked\r\n');
    case 'empty':
      return out.text('content-length: 0\r\n');
    case 'length':
    case 'none':
      // Without a body it says how long one would have been (HEAD, 304); never with 1xx and 204 (RFC 9110 8.6).
      if (head.contentLength >= 0 && (head.isRequest || (head.status >= 200 && head.status !== 204)))
        out.text(`content-length: ${head.contentLength}\r\n`);
      return;
    case 'until-close':
      return;
  }
}
