/**
 * `npm test`: type check, style, architecture, then the tests. Prints one line for each file, the full output of what
 * fails, and ends with `N passed, N failed`. Exit status 0 only when nothing failed.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { groupPhases, listFiles, PHASES, type Phase } from './runner/phases.ts';
import { endAll, runProcess } from './runner/run-process.ts';
import { type Outcome, runTestFile } from './runner/run-test-file.ts';

const HELP = `Usage: npm test -- [options] [FILTER...]

Runs all phases, or only the test files whose path contains one of the filters.

  --only NAMES   phases to run, separated by commas: ${PHASES.map((phase) => phase.name).join(', ')}
  --list         print the phases and their files, run nothing
  --jobs N       test files at a time in the phases that allow it (default: processors, at most 4);
                 with 1 no phase runs beside another
  --help         this text

Examples:
  npm test -- --only unit
  npm test -- protocol-sniff
  npm test -- --only network http1
`;

interface Total {
  passed: number;
  failed: number;
  readonly failures: string[];
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      list: { type: 'boolean', default: false },
      jobs: { type: 'string', default: String(Math.min(availableParallelism(), 4)) },
      help: { type: 'boolean', default: false },
    },
  });
  const jobs = Number(values.jobs);
  const phases = choosePhases(values.only?.split(','), positionals);
  if (values.help) {
    print(HELP);
    return 0;
  }
  if (!Number.isInteger(jobs) || jobs < 1) throw new UsageError('--jobs needs a whole number of at least 1');
  if (values.list) {
    for (const phase of phases) print(`${phase.name}\n${describe(phase, positionals)}`);
    return 0;
  }
  return runAll(phases, positionals, jobs);
}

class UsageError extends Error {}

/** With filters only the phases that have files are of interest, unless they are named. */
function choosePhases(names: readonly string[] | undefined, filters: readonly string[]): readonly Phase[] {
  const unknown = names?.find((name) => PHASES.every((phase) => phase.name !== name));
  if (unknown !== undefined) {
    throw new UsageError(`--only: there is no phase "${unknown}" (${PHASES.map((phase) => phase.name).join(', ')})`);
  }
  if (names !== undefined) return PHASES.filter((phase) => names.includes(phase.name));
  if (filters.length === 0) return PHASES;
  const chosen = PHASES.filter((phase) => phase.type === 'files' && listFiles(phase.path, filters).length > 0);
  if (chosen.length === 0) throw new UsageError(`no test file has "${filters.join('" or "')}" in its path`);
  return chosen;
}

function describe(phase: Phase, filters: readonly string[]): string {
  const lines = phase.type === 'command' ? [phase.command.join(' ')] : listFiles(phase.path, filters);
  return lines.map((line) => `  ${line}\n`).join('');
}

async function runAll(phases: readonly Phase[], filters: readonly string[], jobs: number): Promise<number> {
  const started = performance.now();
  const total: Total = { passed: 0, failed: 0, failures: [] };
  const runPhase = (phase: Phase): Promise<void> =>
    phase.type === 'command'
      ? runCommandPhase(phase, total)
      : runFilePhase(phase, filters, phase.parallel ? jobs : 1, total);
  for (const lanes of groupPhases(phases, jobs)) {
    await Promise.all(
      lanes.map(async (lane) => {
        for (const phase of lane) await runPhase(phase);
      }),
    );
  }
  print(`\n${formatSeconds((performance.now() - started) / 1000)} in all\n`);
  if (total.failures.length > 0) print(`failed:\n${total.failures.map((name) => `  ${name}\n`).join('')}`);
  print(`${total.passed} passed, ${total.failed} failed\n`);
  return total.failed === 0 ? 0 : 1;
}

async function runCommandPhase(phase: Phase & { type: 'command' }, total: Total): Promise<void> {
  const result = await runProcess(phase.command, 300_000, () => undefined);
  const failed = result.exitCode === 0 ? 0 : 1;
  const problems = result.timedOut ? ['did not end within 300 s'] : [];
  report(phase.name, phase.command.join(' '), { passed: 1 - failed, failed, problems, process: result }, total);
}

async function runFilePhase(
  phase: Phase & { type: 'files' },
  filters: readonly string[],
  jobs: number,
  total: Total,
): Promise<void> {
  const files = listFiles(phase.path, filters);
  if (files.length === 0) return fail(`${phase.name}: no test file in ${phase.path}`, total);
  if (phase.needsRoot && process.getuid?.() !== 0) {
    return fail(
      `${phase.name}: needs root (it builds network namespaces and iptables rules); run npm test as root`,
      total,
    );
  }
  const queue = files.values();
  const worker = async () => {
    for (const file of queue) report(phase.name, file, await runTestFile(file, phase.timeoutSeconds), total);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}

function report(phase: string, what: string, outcome: Outcome, total: Total): void {
  total.passed += outcome.passed;
  total.failed += outcome.failed;
  const verdict =
    outcome.failed === 0 ? `${outcome.passed} passed` : `${outcome.passed} passed, ${outcome.failed} FAILED`;
  print(`${phase.padEnd(13)}${what}  ${verdict}  ${formatSeconds(outcome.process.seconds)}\n`);
  if (outcome.failed === 0) return;
  total.failures.push(what);
  print(`${indent(outcome.process.output)}`);
  for (const problem of outcome.problems) print(`    ${what}: ${problem}\n`);
}

function fail(sentence: string, total: Total): void {
  total.failed += 1;
  total.failures.push(sentence);
  print(`${sentence}\n`);
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '    ').replace(/\n?$/, '\n');
}

function formatSeconds(seconds: number): string {
  return `${seconds.toFixed(1)} s`;
}

function print(text: string): void {
  process.stdout.write(text);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    endAll();
    process.exit(130);
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  // parseArgs throws TypeErrors with a code for unknown options.
  if (!(error instanceof UsageError) && !(error instanceof TypeError && 'code' in error)) throw error;
  process.stderr.write(`${error.message}\nTry: npm test -- --help\n`);
  process.exitCode = 2;
}
