/** `towpath analyze`: what is wrong, or probably not meant, in files, in the mesh, or in files on top of the mesh. */
import { admitFiles } from '../agent/standalone/admit-files.ts';
import { SOURCE_HEADER } from '../contract/messages.ts';
import { type AnalyzeReply, analyzeReplySchema } from '../contract/operator-messages.ts';
import { analyzeResources, type Finding, ResourceIndex } from '../resources/index.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf, withControl } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { formatFindings, type ToldFinding } from './format-findings.ts';
import { formatJson } from './output.ts';
import { parseWords, wrongUsage } from './parse-words.ts';
import { joinFiles, type ManifestFile, readManifests, sourceOf } from './read-manifests.ts';

const HELP = `Tells what is wrong, or probably not meant. An error stops some traffic; a warning is probably not what was meant.
docs/resources.md lists the codes.

Usage:
  towpath analyze                            the mesh as it is
  towpath analyze -f FILE [-f FILE...]       files on their own, without NATS and control
  towpath analyze -f FILE --live             the mesh as it would be with the files: what is new, and all about them

Options:
  -f, --file FILE    a YAML or JSON file, a directory of them, or - for standard input
  --live             with -f: on top of what the mesh has
  --fail-on LEVEL    status 1 from this level on: error or warning (default error)
  -o json            as JSON
${CONNECTION_HELP}
Examples:
  towpath analyze
  towpath analyze -f routes/ --fail-on warning
  towpath analyze -f routes/ --live
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  file: { type: 'string', short: 'f', multiple: true },
  live: { type: 'boolean', default: false },
  'fail-on': { type: 'string', default: 'error' },
  output: { type: 'string', short: 'o' },
} as const;

export const analyzeCommand: Command = {
  name: 'analyze',
  summary: 'tell what is wrong in files or in the mesh',
  help: HELP,
  completions: ['-f', '--live', '--fail-on', 'error', 'warning', '-o', '--server', '--mesh', '--creds', '--help'],
  run: runAnalyze,
};

async function runAnalyze(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseWords('analyze', args, OPTIONS, 0);
  const failing = FAILING[values['fail-on'] as keyof typeof FAILING];
  if (failing === undefined)
    throw wrongUsage('analyze', `--fail-on must be error or warning, not ${values['fail-on']}`);
  const connection = connectionOf('analyze', values, io);
  const files = values.file === undefined ? null : await readManifests(values.file);
  const alone = files === null ? null : analyzeFiles(files);
  const isLive = files === null || (values.live && alone?.isReadable === true);
  const findings = isLive
    ? await withControl(connection, async (client) => {
        const headers = { [SOURCE_HEADER]: files === null ? '' : sourceOf(files) };
        const body = files === null ? '' : joinFiles(files);
        return noteCut(await client.ask('mesh', 'analyze', body, analyzeReplySchema, headers), io);
      })
    : (alone?.findings ?? []);
  if (values.output === 'json') io.out(formatJson({ findings }));
  else if (findings.length === 0) io.err('nothing to tell\n');
  else io.out(formatFindings(findings, io));
  return findings.some(({ level }) => failing.includes(level)) ? 1 : 0;
}

const FAILING: Readonly<Record<'error' | 'warning', readonly Finding['level'][]>> = {
  error: ['error'],
  warning: ['error', 'warning'],
};

/** Files that cannot be decoded are errors like others, and the only ones that can be told. */
export function analyzeFiles(files: readonly ManifestFile[]): {
  readonly isReadable: boolean;
  readonly findings: readonly Finding[];
} {
  const admitted = admitFiles(files, new ResourceIndex(), new Date());
  if (admitted.ok) return { isReadable: true, findings: analyzeResources(admitted.value) };
  return { isReadable: false, findings: admitted.error.map((problem) => ({ ...problem, level: 'error' })) };
}

function noteCut({ findings, truncated }: AnalyzeReply, io: CommandIo): readonly ToldFinding[] {
  if (truncated) io.err(`only the first ${findings.length} are shown\n`);
  return findings;
}
