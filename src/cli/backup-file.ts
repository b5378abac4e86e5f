/** A backup as text: made, and read with every doubt. Pure. */
import { createHash } from 'node:crypto';
import { type BackupFile, backupFileSchema } from '../contract/operator-messages.ts';
import { UserError } from '../core/errors.ts';
import { problemsOf } from '../core/schema.ts';

type Head = Omit<BackupFile, 'format' | 'sha256' | 'resources'>;

/** One line for each resource, so that two backups can be compared line by line. */
export function formatBackup(head: Head, resources: BackupFile['resources']): string {
  const fields = { format: 'towpath-backup/1', ...head, sha256: checksumOf(resources) };
  const lines = resources.map((resource) => `  ${JSON.stringify(resource)}`);
  return `${JSON.stringify(fields, null, 2).slice(0, -2)},\n  "resources": [\n${lines.join(',\n')}\n]}\n`;
}

/** Throws UserError: no backup, of a format that is not known, or changed since it was made. */
export function parseBackup(name: string, text: string): BackupFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unusable(name, 'it is not JSON');
  }
  const parsed = backupFileSchema.safeParse(value);
  if (!parsed.success) {
    const [problem] = problemsOf(parsed.error, '');
    throw unusable(name, `${problem?.path ?? ''}: ${problem?.message ?? 'it does not fit'}`);
  }
  if (checksumOf(parsed.data.resources) !== parsed.data.sha256)
    throw unusable(name, 'its checksum is wrong: it was cut off or changed');
  return parsed.data;
}

function checksumOf(resources: BackupFile['resources']): string {
  return createHash('sha256').update(JSON.stringify(resources)).digest('hex');
}

function unusable(name: string, why: string): UserError {
  const hint = 'a backup is what towpath backup writes';
  return new UserError({ code: 'TWP2706', message: `${name} is no usable backup: ${why}`, hint });
}
