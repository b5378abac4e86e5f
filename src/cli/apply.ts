/** `towpath apply`: resource files to control; all of their resources are admitted, or none. */
import { changeReplySchema, DRY_RUN_HEADER, SOURCE_HEADER } from '../contract/messages.ts';
import { KINDS } from '../resources/index.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf, mutationHeaders, withControl } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { parseDuration } from './parse-duration.ts';
import { parseWords, wrongUsage } from './parse-words.ts';
import { joinFiles, readManifests, sourceOf } from './read-manifests.ts';
import { showChange } from './show-change.ts';
import { waitForAgents } from './wait-for-agents.ts';

const HELP = `Creates or changes resources (${KINDS.slice(0, 5).join(', ')},
${KINDS.slice(5).join(', ')}).
Everything in the files is checked first; if anything is wrong, nothing is changed. Fields: docs/reference.md.

Usage:
  towpath apply -f FILE [-f FILE...] [--wait] [--timeout 10s] [--dry-run]

Options:
  -f, --file FILE   a YAML or JSON file with one or more documents, a directory of them, or - for standard input
  --wait            until every live agent runs the change; status 1 when the time is up or an agent refuses
  --timeout TIME    for --wait: 500ms, 10s, 2m (default 10s)
  --dry-run         check only, change nothing
  -o json           the answer as JSON
${CONNECTION_HELP}
Examples:
  towpath apply -f routes.yaml --wait
  towpath apply -f services/ -f routes/
  cat route.json | towpath apply -f - --dry-run
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  file: { type: 'string', short: 'f', multiple: true },
  wait: { type: 'boolean', default: false },
  timeout: { type: 'string', default: '10s' },
  'dry-run': { type: 'boolean', default: false },
  output: { type: 'string', short: 'o' },
} as const;

export const applyCommand: Command = {
  name: 'apply',
  summary: 'create or change resources from files',
  help: HELP,
  completions: ['-f', '--wait', '--timeout', '--dry-run', '-o', '--server', '--mesh', '--creds', '--help'],
  run: runApply,
};

async function runApply(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseWords('apply', args, OPTIONS, 0);
  if (values.file === undefined) throw wrongUsage('apply', 'name at least one file with -f');
  const timeoutMs = parseDuration('apply', '--timeout', values.timeout);
  const connection = connectionOf('apply', values, io);
  const files = await readManifests(values.file);
  const dryRun = values['dry-run'];
  return withControl(connection, async (client) => {
    const headers = { ...mutationHeaders(), [SOURCE_HEADER]: sourceOf(files), [DRY_RUN_HEADER]: String(dryRun) };
    const reply = await client.ask('resource', 'apply', joinFiles(files), changeReplySchema, headers);
    showChange(reply, values.output === 'json', dryRun, io);
    return values.wait && !dryRun ? waitForAgents(client, reply, timeoutMs, io) : 0;
  });
}
