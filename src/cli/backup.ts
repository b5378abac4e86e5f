/** `towpath backup`: the desired state of the mesh as a file. */
import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { packageVersion } from '../config/package-version.ts';
import { type BackupReply, backupReplySchema } from '../contract/operator-messages.ts';
import { UserError } from '../core/errors.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, type ControlClient, connectionOf, withControl } from './ask-control.ts';
import { formatBackup } from './backup-file.ts';
import type { Command, CommandIo } from './command.ts';
import { parseWords } from './parse-words.ts';

const HELP = `Writes every resource of the mesh into one JSON file, as it is stored: with generations, times of creation (which decide
precedence) and virtual IPs, and a checksum. Registrations, leases and the audit trail are not part of it: agents register again.

Usage:
  towpath backup [-o FILE]

Options:
  -o, --output-file FILE  where to (default: standard output); an existing file is replaced once the new one is whole
${CONNECTION_HELP}
Examples:
  towpath backup -o mesh.json
  towpath backup | gzip > mesh.json.gz
`;

const OPTIONS = { ...CONNECTION_OPTIONS, 'output-file': { type: 'string', short: 'o' } } as const;

/** The mesh may change between two parts of an answer; then all is asked again. */
const MAX_TRIES = 5;

export const backupCommand: Command = {
  name: 'backup',
  summary: 'write all resources into a file',
  help: HELP,
  completions: ['-o', '--server', '--mesh', '--creds', '--help'],
  run: runBackup,
};

async function runBackup(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseWords('backup', args, OPTIONS, 0);
  const file = values['output-file'];
  const connection = connectionOf('backup', values, io);
  return withControl(connection, async (client) => {
    const { mesh, epoch, gen, resources } = await readAll(client);
    const head = { mesh, time: new Date().toISOString(), version: packageVersion(), epoch, gen };
    const text = formatBackup(head, resources);
    if (file === undefined) io.out(text);
    else await writeWhole(file, text);
    io.err(`${resources.length} resources of the mesh "${mesh}", generation ${gen}\n`);
    return 0;
  });
}

async function readAll(client: ControlClient): Promise<BackupReply> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const whole = await readOnce(client);
    if (whole !== null) return whole;
  }
  throw new UserError({ code: 'TWP2706', message: 'the mesh keeps changing while it is read; try again' });
}

/** null: it changed between two parts. */
async function readOnce(client: ControlClient): Promise<BackupReply | null> {
  const first = await client.ask('mesh', 'backup', '{}', backupReplySchema);
  const resources = [...first.resources];
  for (let { next } = first; next !== undefined; ) {
    const part = await client.ask('mesh', 'backup', JSON.stringify({ after: next }), backupReplySchema);
    if (part.edition !== first.edition) return null;
    resources.push(...part.resources);
    next = part.next;
  }
  return { ...first, resources };
}

/** The old file stays until the new one is complete. Only its owner may read it: manifests may hold secrets. */
async function writeWhole(file: string, text: string): Promise<void> {
  const part = `${file}.${randomUUID().slice(0, 8)}.part`;
  try {
    await writeFile(part, text, { mode: 0o600, flush: true });
    await rename(part, file);
  } catch (cause) {
    await rm(part, { force: true });
    throw new UserError({ code: 'TWP2706', message: `cannot write ${file}: ${(cause as Error).message}` });
  }
}
