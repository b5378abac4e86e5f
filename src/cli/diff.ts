/** `towpath diff`: what apply would change, before it is done. */
import { SOURCE_HEADER } from '../contract/messages.ts';
import { type DiffReply, diffReplySchema } from '../contract/operator-messages.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf, withControl } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { formatFields } from './format-fields.ts';
import { formatJson, paint } from './output.ts';
import { parseWords, wrongUsage } from './parse-words.ts';
import { joinFiles, readManifests, sourceOf } from './read-manifests.ts';
import { showWarnings, titleOfId } from './show-change.ts';

const HELP = `Shows what "towpath apply" would change, field by field. Changes nothing.

Usage:
  towpath diff -f FILE [-f FILE...] [-o json]

Options:
  -f, --file FILE   a YAML or JSON file with one or more documents, a directory of them, or - for standard input
  -o json           as JSON
${CONNECTION_HELP}
Exit status: 0 when nothing would change, 1 when something would, or when the files are refused.

Examples:
  towpath diff -f routes.yaml
  towpath diff -f services/ -f routes/ -o json
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  file: { type: 'string', short: 'f', multiple: true },
  output: { type: 'string', short: 'o' },
} as const;

export const diffCommand: Command = {
  name: 'diff',
  summary: 'show what apply would change',
  help: HELP,
  completions: ['-f', '-o', '--server', '--mesh', '--creds', '--help'],
  run: runDiff,
};

async function runDiff(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseWords('diff', args, OPTIONS, 0);
  if (values.file === undefined) throw wrongUsage('diff', 'name at least one file with -f');
  const connection = connectionOf('diff', values, io);
  const files = await readManifests(values.file);
  return withControl(connection, async (client) => {
    const headers = { [SOURCE_HEADER]: sourceOf(files) };
    const reply = await client.ask('resource', 'diff', joinFiles(files), diffReplySchema, headers);
    io.out(values.output === 'json' ? formatJson(reply) : formatDiff(reply, io));
    showWarnings(reply.warnings, io);
    return reply.changes.every(({ outcome }) => outcome === 'unchanged') ? 0 : 1;
  });
}

/** One unified diff for each resource that would change; empty when none would. */
export function formatDiff({ changes }: Pick<DiffReply, 'changes'>, io: Pick<CommandIo, 'colour'>): string {
  return changes
    .filter(({ outcome }) => outcome !== 'unchanged')
    .map(({ id, generation, fields, truncated }) => {
      const before = generation.before === null ? '(not there)' : `(generation ${generation.before})`;
      const head = `--- ${titleOfId(id)} ${before}\n+++ ${titleOfId(id)} (generation ${generation.after})`;
      const more = truncated ? `${paint(io, 'yellow', '... more fields differ')}\n` : '';
      return `${paint(io, 'bold', head)}\n${formatFields(fields, io)}${more}`;
    })
    .join('');
}
