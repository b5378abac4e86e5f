import { Parser } from 'tap-parser';
import { type ProcessResult, runProcess } from './run-process.ts';

/** As bin/towpath starts Node: see docs/adr/0007-v8-inlines-the-system-calls.md. */
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning', '--no-concurrent-recompilation'];

const TOO_LATE = /^Error: cannot create subtest after parent test ends/m;

export interface Outcome {
  /** Assertions. */
  readonly passed: number;
  readonly failed: number;
  /** One sentence for each reason that is not a failed assertion. */
  readonly problems: readonly string[];
  readonly process: ProcessResult;
}

/**
 * Runs one test file with the Node that runs us and counts its assertions. Not `tap FILE`: tap's runner loads its
 * instrumentation into every Node process below it, so the agents under test would not be what users run.
 */
export async function runTestFile(file: string, timeoutSeconds: number): Promise<Outcome> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const parser = new Parser();
  parser.on('result', (result) => {
    // A skipped or postponed test proves nothing, so it is no success.
    if (result.skip || result.todo) counts.skipped += 1;
    else if (result.ok) counts.passed += 1;
    else counts.failed += 1;
  });
  const command = [process.execPath, ...NODE_FLAGS, file];
  const result = await runProcess(command, timeoutSeconds * 1000, (text) => parser.write(text));
  parser.end();
  const problems = listProblems(counts, parser.ok, result, timeoutSeconds);
  return { passed: counts.passed, failed: counts.failed + problems.length, problems, process: result };
}

function listProblems(
  counts: { readonly passed: number; readonly failed: number; readonly skipped: number },
  planKept: boolean,
  result: ProcessResult,
  timeoutSeconds: number,
): string[] {
  const problems: string[] = [];
  if (result.timedOut) problems.push(`did not end within ${timeoutSeconds} s and was killed`);
  // tap prints it and ends with status 0.
  if (TOO_LATE.test(result.output)) problems.push('has tests that did not run: all before them had ended');
  if (counts.skipped > 0) problems.push(`${counts.skipped} skipped or todo: a test here either runs or fails`);
  if (counts.failed > 0 || problems.length > 0) return problems;
  if (result.exitCode !== 0) problems.push(`ended with ${exitText(result)} though no assertion failed`);
  else if (!planKept) problems.push('printed TAP that breaks its own plan');
  else if (counts.passed === 0) problems.push('ran no assertion');
  return problems;
}

function exitText(result: ProcessResult): string {
  return result.exitCode === null ? 'a signal' : `exit status ${result.exitCode}`;
}
