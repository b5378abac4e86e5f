/** Writes a head as a section: pseudo-header fields first (RFC 9113 8.3), then its fields, the route's edits and our own fields. */
import { constantBytes, equalsExact } from '../http1/bytes.ts';
import type { CompiledEdits, HeaderEdit } from '../http1/header-edits.ts';
import type { MessageHead } from '../message-head.ts';
import { newTarget } from '../new-target.ts';
import { CUT, decideFates, decideTrailerFates, EDIT, fates, KEEP, placeEdit } from './hpack-fates.ts';
import type { Inserted } from './hpack-inserted.ts';
import { type FieldWriter, LITERAL_OVERHEAD } from './hpack-writer.ts';
import { Http2Head } from './http2-head.ts';
import {
  STATIC_AUTHORITY,
  STATIC_GET,
  STATIC_HTTP,
  STATIC_HTTPS,
  STATIC_ROOT_PATH,
  STATIC_STATUS_200,
} from './static-table.ts';

/** Size updates and the overhead of the pseudo-header fields. */
const FIXED = 96;
const HOST = 'host';
const OPTIONS = constantBytes('OPTIONS');
const SLASH = 0x2f;
const STAR = 0x2a;
const NO_EDITS: readonly HeaderEdit[] = [];
const isPlaced = new Uint8Array(256);

/** Bytes that are enough for the section and the scratch space beside it. */
export function sizeLimit(head: MessageHead, edits: CompiledEdits | null, insert: readonly Inserted[]): number {
  let size =
    FIXED + head.methodLength + 2 * head.targetLength + head.authorityLength + head.fieldCount * LITERAL_OVERHEAD;
  if (head instanceof Http2Head) size += head.schemeLength;
  let longest = 0;
  for (let i = 0; i < head.fieldCount; i++) {
    size += head.nameLength[i] + head.valueLength[i];
    if (head.valueLength[i] > longest) longest = head.valueLength[i];
  }
  if (edits !== null) size += longest + 2 * edits.maxBytes + edits.edits.length * LITERAL_OVERHEAD;
  return size + insertedLimit(insert);
}

/** As `sizeLimit`, for what `writeInserted` writes. */
export function insertedLimit(insert: readonly Inserted[]): number {
  let size = 0;
  for (const { name, value } of insert) size += 2 * (name.length + value.length) + LITERAL_OVERHEAD;
  return size;
}

/**
 * Pseudo-header fields, fields and edits.
 * @param scheme '' = as it came
 * @param end of the room that `sizeLimit` asks for; the bytes before it may be overwritten
 */
export function writeSection(
  writer: FieldWriter,
  bytes: Buffer,
  head: MessageHead,
  edits: CompiledEdits | null,
  scheme: '' | 'http' | 'https',
  end: number,
): void {
  const list = edits === null ? NO_EDITS : edits.edits;
  if (head.isRequest) writePseudo(writer, bytes, head, edits, scheme, end);
  else writeStatus(writer, bytes, head.status, end);
  decideFates(bytes, head);
  if (list.length === 0) return writeKept(writer, head);
  for (let i = 0; i < list.length; i++) {
    isPlaced[i] = placeEdit(bytes, head, list[i], i) || (head.isRequest && isHost(list[i])) ? 1 : 0;
  }
  writeEdited(writer, bytes, head, list, end);
  for (let i = 0; i < list.length; i++) if (isPlaced[i] === 0) writeEdit(writer, bytes, list[i], end);
}

/** The trailers that may be sent on; false: none, and nothing was written. */
export function writeTrailers(writer: FieldWriter, bytes: Buffer, head: MessageHead): boolean {
  if (decideTrailerFates(bytes, head) === 0) return false;
  writeKept(writer, head);
  return true;
}

/** Our own fields. `end`: as with `writeSection`. */
export function writeInserted(writer: FieldWriter, insert: readonly Inserted[], end: number): void {
  for (const field of insert) writer.writeInserted(field, end - field.name.length - field.value.length);
}

/** `:status`; `end` as with `writeSection`. */
export function writeStatus(writer: FieldWriter, bytes: Buffer, status: number, end: number): void {
  if (status === 200) return writer.writeIndexed(STATIC_STATUS_200);
  bytes[end - 3] = 0x30 + Math.floor(status / 100);
  bytes[end - 2] = 0x30 + (Math.floor(status / 10) % 10);
  bytes[end - 1] = 0x30 + (status % 10);
  writer.writeKnown(STATIC_STATUS_200, end - 3, 3, 0);
}

function writePseudo(
  writer: FieldWriter,
  bytes: Buffer,
  head: MessageHead,
  edits: CompiledEdits | null,
  scheme: '' | 'http' | 'https',
  end: number,
): void {
  const own = head instanceof Http2Head ? head : null;
  writer.writeKnown(STATIC_GET, head.methodAt, head.methodLength, own === null ? 0 : own.methodToken);
  if (!head.isConnect) {
    if (scheme === 'https') writer.writeIndexed(STATIC_HTTPS);
    else if (scheme === 'http' || own === null || own.schemeLength === 0) writer.writeIndexed(STATIC_HTTP);
    else writer.writeKnown(STATIC_HTTP, own.schemeAt, own.schemeLength, own.schemeToken);
  }
  writeAuthority(writer, bytes, head, own === null ? 0 : own.authorityToken, edits, end);
  if (head.isConnect) return;
  const target = newTarget(bytes, head, edits);
  if (target === null) writePath(writer, bytes, head, own === null ? 0 : own.pathToken, end);
  else writeText(writer, bytes, STATIC_ROOT_PATH, target, end);
}

function writeAuthority(
  writer: FieldWriter,
  bytes: Buffer,
  head: MessageHead,
  token: number,
  edits: CompiledEdits | null,
  end: number,
): void {
  const host = edits?.setsHost === true ? edits.edits.find(isHost) : undefined;
  if (host !== undefined && host.value !== null) {
    writeText(writer, bytes, STATIC_AUTHORITY, host.value, end);
  } else if (head.authorityLength > 0) {
    writer.writeKnown(STATIC_AUTHORITY, head.authorityAt, head.authorityLength, token);
  }
}

/** A pseudo-header field whose value is a text of ours. */
function writeText(writer: FieldWriter, bytes: Buffer, known: number, text: string, end: number): void {
  bytes.write(text, end - text.length, 'latin1');
  writer.writeKnown(known, end - text.length, text.length, 0);
}

/** The target without scheme and authority; an empty path is `/`, or `*` of OPTIONS (RFC 9113 8.3.1). */
function writePath(writer: FieldWriter, bytes: Buffer, head: MessageHead, token: number, end: number): void {
  if (!head.absoluteForm) return writer.writeKnown(STATIC_ROOT_PATH, head.targetAt, head.targetLength, token);
  const length = head.targetAt + head.targetLength - head.pathAt;
  if (head.pathLength > 0) return writer.writeKnown(STATIC_ROOT_PATH, head.pathAt, length, 0);
  const at = end - length - 1;
  const isOptions = length === 0 && equalsExact(bytes, head.methodAt, head.methodLength, OPTIONS);
  bytes[at] = isOptions ? STAR : SLASH;
  bytes.copyWithin(at + 1, head.pathAt, head.pathAt + length);
  writer.writeKnown(STATIC_ROOT_PATH, at, length + 1, 0);
}

function writeKept(writer: FieldWriter, head: MessageHead): void {
  for (let i = 0; i < head.fieldCount; i++) if (fates[i] === KEEP) writeFieldOf(writer, head, i);
}

function writeFieldOf(writer: FieldWriter, head: MessageHead, i: number): void {
  const own = head instanceof Http2Head ? head : null;
  const flags = own === null ? 0 : own.fieldFlags[i];
  const token = own === null ? 0 : own.fieldToken[i];
  writer.writeField(head.nameAt[i], head.nameLength[i], head.valueAt[i], head.valueLength[i], flags, token);
}

function writeEdited(
  writer: FieldWriter,
  bytes: Buffer,
  head: MessageHead,
  edits: readonly HeaderEdit[],
  end: number,
): void {
  for (let i = 0; i < head.fieldCount; i++) {
    const fate = fates[i];
    if (fate === CUT) continue;
    if (fate === KEEP) {
      writeFieldOf(writer, head, i);
      continue;
    }
    const edit = edits[fate - EDIT];
    const own = edit.value ?? '';
    const before = edit.replaces ? 0 : head.valueLength[i];
    const comma = before > 0 ? ',' : '';
    const length = before + comma.length + own.length;
    bytes.copyWithin(end - length, head.valueAt[i], head.valueAt[i] + before);
    bytes.write(comma + own, end - length + before, 'latin1');
    writer.writeField(head.nameAt[i], head.nameLength[i], end - length, length, 0, 0);
  }
}

function writeEdit(writer: FieldWriter, bytes: Buffer, edit: HeaderEdit, end: number): void {
  if (edit.value === null) return;
  const valueAt = end - edit.value.length;
  const nameAt = valueAt - edit.name.length;
  bytes.write(edit.name + edit.value, nameAt, 'latin1');
  writer.writeField(nameAt, edit.name.length, valueAt, edit.value.length, 0, 0);
}

function isHost(edit: HeaderEdit): boolean {
  return edit.name.length === HOST.length && edit.name.toLowerCase() === HOST;
}
