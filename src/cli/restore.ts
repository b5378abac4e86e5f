/** `towpath restore`: a backup in force. */
import { readFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DRY_RUN_HEADER, REPLACE_HEADER } from '../contract/messages.ts';
import { type RestoreReply, restoreReplySchema } from '../contract/operator-messages.ts';
import { UserError } from '../core/errors.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf, mutationHeaders, withControl } from './ask-control.ts';
import { parseBackup } from './backup-file.ts';
import type { Command, CommandIo } from './command.ts';
import { formatJson } from './output.ts';
import { parseDuration } from './parse-duration.ts';
import { parseWords, wrongUsage } from './parse-words.ts';
import { showWarnings } from './show-change.ts';
import { waitForAgents } from './wait-for-agents.ts';

const HELP = `Puts a backup in force, through control: all of it is checked first, then all of it is stored, or nothing.

Usage:
  towpath restore FILE [--replace] [--wait] [--timeout 30s] [--dry-run]

Options:
  --replace        the mesh need not be empty: what the backup does not have is deleted
  --wait           until every live agent runs it; status 1 when the time is up or an agent refuses
  --timeout TIME   for --wait: 500ms, 10s, 2m (default 30s)
  --dry-run        check only, change nothing
  -o json          the answer as JSON
${CONNECTION_HELP}
Examples:
  towpath restore mesh.json --wait
  towpath restore mesh.json --replace --dry-run
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  replace: { type: 'boolean', default: false },
  wait: { type: 'boolean', default: false },
  timeout: { type: 'string', default: '30s' },
  'dry-run': { type: 'boolean', default: false },
  output: { type: 'string', short: 'o' },
} as const;

/** Thousands of records are written one after the other. */
const ANSWER_MS = 120_000;
const MAX_BACKUP_BYTES = 64 * 1024 * 1024;

export const restoreCommand: Command = {
  name: 'restore',
  summary: 'put a backup in force',
  help: HELP,
  completions: ['--replace', '--wait', '--timeout', '--dry-run', '-o', '--server', '--mesh', '--creds', '--help'],
  run: runRestore,
};

async function runRestore(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('restore', args, OPTIONS, 1);
  const [file] = positionals;
  if (file === undefined) throw wrongUsage('restore', 'name the file of the backup');
  const timeoutMs = parseDuration('restore', '--timeout', values.timeout);
  const connection = connectionOf('restore', values, io);
  const { mesh, resources } = parseBackup(file, await readBackup(file));
  if (mesh !== connection.mesh) io.err(`this is a backup of the mesh "${mesh}"\n`);
  const dryRun = values['dry-run'];
  return withControl(connection, async (client) => {
    const body = gzipSync(JSON.stringify({ resources }));
    const headers = {
      ...mutationHeaders(),
      [DRY_RUN_HEADER]: String(dryRun),
      [REPLACE_HEADER]: String(values.replace),
    };
    const reply = await client.ask('mesh', 'restore', body, restoreReplySchema, headers, ANSWER_MS);
    io.out(values.output === 'json' ? formatJson(reply) : `${formatCounts(reply)}${dryRun ? ' (dry run)' : ''}\n`);
    showWarnings(reply.warnings, io);
    return values.wait && !dryRun ? waitForAgents(client, reply, timeoutMs, io) : 0;
  });
}

function formatCounts({ counts }: RestoreReply): string {
  const told = Object.entries(counts).filter(([, count]) => count > 0);
  return told.length === 0 ? 'nothing to restore' : told.map(([outcome, count]) => `${count} ${outcome}`).join(', ');
}

/** Also one that was gzipped. */
async function readBackup(file: string): Promise<string> {
  const data = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : cause.message;
    throw new UserError({ code: 'TWP2705', message: `cannot read ${file}: ${why}` });
  });
  if (data[0] !== 0x1f || data[1] !== 0x8b) return data.toString('utf8');
  try {
    return gunzipSync(data, { maxOutputLength: MAX_BACKUP_BYTES }).toString('utf8');
  } catch (cause) {
    throw new UserError({ code: 'TWP2706', message: `cannot unpack ${file}: ${(cause as Error).message}` });
  }
}
