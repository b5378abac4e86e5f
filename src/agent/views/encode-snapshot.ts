/**
 * The last-known-good file: one line `towpath-views <format> <sha256 of the rest>`, then JSON. The checksum covers every
 * byte after the line, and the line itself must match to the byte, so that no damaged file is ever taken for a good one.
 */
import { createHash } from 'node:crypto';
import { hostViewSchema } from '../../contract/host-view.ts';
import { directoryViewSchema, serviceViewSchema } from '../../contract/view-schema.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { z } from '../../core/schema.ts';
import type { ViewSnapshot } from './view-store.ts';

const MAGIC = 'towpath-views';
/** Rises when the shape of views changes: an older file is then ignored, not misread. */
const FORMAT = 1;

const contentSchema = z.object({
  mesh: z.string(),
  directory: directoryViewSchema.nullable(),
  services: z.array(serviceViewSchema),
  host: hostViewSchema.optional(),
});

export function encodeSnapshot(mesh: string, snapshot: ViewSnapshot): Buffer {
  const body = Buffer.from(JSON.stringify({ mesh, ...snapshot }));
  return Buffer.concat([Buffer.from(header(body)), body]);
}

/** @returns the views, or in words why the bytes cannot be used. */
export function decodeSnapshot(mesh: string, bytes: Buffer): Result<ViewSnapshot, string> {
  const end = bytes.indexOf(0x0a) + 1;
  const [magic, format] = bytes.subarray(0, end).toString('latin1').split(' ');
  if (magic !== MAGIC) return err('it is not a file of views');
  if (format !== String(FORMAT)) return err(`its format ${format?.slice(0, 8)} is not the one known, ${FORMAT}`);
  const body = bytes.subarray(end);
  if (!bytes.subarray(0, end).equals(Buffer.from(header(body)))) return err('its checksum does not match');
  const content = contentSchema.safeParse(JSON.parse(body.toString('utf8')));
  if (!content.success) return err('its views have another shape than this version of Towpath uses');
  const { mesh: owner, ...views } = content.data;
  return owner === mesh ? ok(views) : err(`it belongs to the mesh "${owner}"`);
}

function header(body: Buffer): string {
  return `${MAGIC} ${FORMAT} ${createHash('sha256').update(body).digest('hex')}\n`;
}
