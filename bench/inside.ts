/** The measuring itself; runs inside the namespace, started by run.ts. Results to standard output, progress to standard error. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { measureMemory } from './measure/measure-memory.ts';
import { measureRows } from './measure/measure-rows.ts';
import { readMachineTime } from './measure/process-usage.ts';
import { type Options, parseOptions } from './options.ts';
import { sleep } from './place/programs.ts';
import { startUpstream } from './place/upstream.ts';
import { comparisonsOf, memoryResult, type Result, resultsOf } from './report/summarize.ts';
import { renderTable, renderVerdicts } from './report/table.ts';
import type { Row } from './rows.ts';
import { Direct } from './subjects/direct.ts';
import { Haproxy } from './subjects/haproxy.ts';
import type { Subject } from './subjects/subject.ts';
import { Towpath } from './subjects/towpath.ts';
import { judge } from './targets.ts';

/** More than this share of the machine busy before we begin makes the numbers doubtful. */
const BUSY_SHARE = 0.1;
const STEAL_SHARE = 0.01;

async function main(folder: string, options: Options): Promise<number> {
  const started = performance.now();
  const busy = await watchMachine(1000);
  if (busy > BUSY_SHARE) say(`this machine is ${percent(busy)} busy with other things: expect noise`);
  const before = readMachineTime();
  const pins = choosePins(options.pin);
  const [nginx, iperf3] = await startUpstream(folder, pins.generator);
  const subjects = [new Towpath(folder, pins.proxy), new Haproxy(folder, pins.proxy), new Direct()];

  const rows = options.rows.filter((row) => row.load.type !== 'memory');
  const measured = await withRunning(rows.length > 0 ? subjects : [], () =>
    measureRows(rows, subjects, { ...options, pinned: pins.generator, progress: say }),
  );
  const memory = await measureMemories(options.rows, subjects);
  for (const program of [iperf3, nginx]) await program?.stop();

  const results = [...measured.flatMap(resultsOf), ...memory.results];
  const comparisons = measured.flatMap(comparisonsOf);
  const verdicts = judge(comparisons);
  process.stdout.write(`${renderTable(results, comparisons)}${renderVerdicts(verdicts)}`);
  if (options.jsonFile !== null) writeFileSync(options.jsonFile, `${JSON.stringify(results, null, 2)}\n`);

  const after = readMachineTime();
  const steal = (after.steal - before.steal) / (after.total - before.total);
  if (steal > STEAL_SHARE) say(`the hypervisor took ${percent(steal)} of the time: repeat this run`);
  const failures = [...measured.flatMap((row) => row.failures), ...memory.failures];
  for (const failure of failures) say(`not measured: ${failure}`);
  say(`done in ${Math.round((performance.now() - started) / 1000)} s`);
  const missed = options.check && verdicts.some((verdict) => !verdict.kept);
  return failures.length > 0 || missed ? 1 : 0;
}

/** The proxy gets the last core for itself, load and upstream share the others. */
function choosePins(pin: boolean): { readonly proxy: string[]; readonly generator: string[] } {
  const cores = availableParallelism();
  if (!pin || cores < 2) return { proxy: [], generator: [] };
  const last = cores - 1;
  return { proxy: ['taskset', '-c', String(last)], generator: ['taskset', '-c', last === 1 ? '0' : `0-${last - 1}`] };
}

async function withRunning<T>(subjects: readonly Subject[], work: () => Promise<T>): Promise<T> {
  try {
    for (const subject of subjects) await subject.start();
    return await work();
  } finally {
    for (const subject of subjects.toReversed()) await subject.stop();
  }
}

async function measureMemories(
  rows: readonly Row[],
  subjects: readonly Subject[],
): Promise<{ readonly results: Result[]; readonly failures: string[] }> {
  const results: Result[] = [];
  const failures: string[] = [];
  for (const row of rows.filter(({ load }) => load.type === 'memory')) {
    for (const subject of subjects.filter(({ name }) => name !== 'none')) {
      say(`memory: ${subject.name}`);
      try {
        results.push(memoryResult(await measureMemory(subject, row)));
      } catch (error) {
        failures.push(`memory, ${subject.name}: ${(error as Error).message}`);
      }
    }
  }
  return { results, failures };
}

/** Share of the machine that is busy now. */
async function watchMachine(ms: number): Promise<number> {
  const before = readMachineTime();
  await sleep(ms);
  const after = readMachineTime();
  return (after.busy - before.busy) / (after.total - before.total);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

function say(sentence: string): void {
  process.stderr.write(`bench: ${sentence}\n`);
}

// Whoever made the namespace is gone: nobody wants the numbers, and nobody else would end us.
process.on('disconnect', () => process.exit(1));

const [folder = '', ...args] = process.argv.slice(2);
const options = parseOptions(args);
if (options !== null) {
  main(folder, options).then(
    (status) => process.exit(status),
    (error: Error) => {
      say(error.message);
      process.exit(1);
    },
  );
}
