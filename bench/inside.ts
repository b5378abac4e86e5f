/** The measuring itself; runs inside the namespace, started by run.ts. Results to standard output, progress to standard error. */
import { writeFileSync } from 'node:fs';
import { MEMORY_SECONDS, measureMemories } from './measure/measure-memories.ts';
import { measureRows } from './measure/measure-rows.ts';
import { lengthOf, planSteps } from './measure/plan.ts';
import { readMachineTime, watchMachine } from './measure/process-usage.ts';
import { type Options, parseOptions } from './options.ts';
import { measureOverheads, overheadSeconds } from './overhead/measure-overhead.ts';
import { choosePins } from './place/pins.ts';
import { Upstream } from './place/upstream.ts';
import { comparisonsOf, memoryResult, resultsOf } from './report/summarize.ts';
import { renderTable } from './report/table.ts';
import { renderVerdicts } from './report/verdicts.ts';
import type { Row } from './rows.ts';
import { chooseSubjects, findGaps, startSubjects, stopSubjects } from './subjects/choose.ts';
import { judge } from './targets.ts';

/** More than this share of the machine busy before we begin makes the numbers doubtful. */
const BUSY_SHARE = 0.1;
const STEAL_SHARE = 0.01;
/** --quick promises 15 minutes; setting up and the end take some of them. */
const QUICK_MS = 13 * 60_000;

async function main(folder: string, options: Options): Promise<number> {
  const started = performance.now();
  const deadline = started + (options.quick ? QUICK_MS : Number.POSITIVE_INFINITY);
  const busy = await watchMachine(1000);
  if (busy > BUSY_SHARE) say(`this machine is ${percent(busy)} busy with other things: expect noise`);
  const before = readMachineTime();
  const pins = choosePins(options.pin);
  const upstream = new Upstream(folder, pins.generator);
  await upstream.start();
  const chosen = chooseSubjects(options.peers, { folder, certificate: upstream.certificate }, pins.proxy);

  const rows = options.rows.filter((row) => isCompared(row) && upstream.cannot(row.work) === null);
  const watched = options.rows.filter(({ isOverhead }) => isOverhead === true);
  const isMemory = options.rows.some(({ load }) => load.type === 'memory');
  const schedule = { ...options, judgedOnly: options.quick };
  const planned = planSteps(rows, chosen.subjects, schedule).reduce((sum, step) => sum + lengthOf(step), 0);
  const memorySeconds = isMemory ? chosen.subjects.length * MEMORY_SECONDS : 0;
  say(`about ${Math.ceil((planned + memorySeconds + overheadSeconds(watched, options)) / 60)} min in all`);
  const memory = isMemory ? await measureMemories(chosen.subjects, say) : { memories: [], failures: [] };
  const bench = { upstream, pinned: pins.generator };
  const overhead = await measureOverheads(bench, watched, chosen.towpath, folder, options, say);
  const running = rows.length > 0 ? await startSubjects(chosen.subjects) : { subjects: [], failures: [] };
  const steps = planSteps(rows, running.subjects, schedule);
  const measured = await measureRows(bench, steps, { progress: say, deadline });
  const gaps = [...chosen.gaps, ...findGaps(options.rows, running.subjects, upstream)];
  await stopSubjects(running.subjects);
  await upstream.stop();

  const results = [...measured.flatMap(resultsOf), ...memory.memories.map(memoryResult)];
  const findings = { results, comparisons: measured.flatMap(comparisonsOf), memories: memory.memories, ...overhead };
  const verdicts = judge(
    options.rows.map(({ name }) => name),
    options.peers,
    findings,
  );
  process.stdout.write(`${renderTable(findings, verdicts)}\n${renderVerdicts(verdicts)}`);
  for (const gap of gaps) process.stdout.write(`not compared: ${gap}\n`);
  if (options.jsonFile !== null) writeFileSync(options.jsonFile, `${JSON.stringify(results, null, 2)}\n`);

  const after = readMachineTime();
  const steal = (after.steal - before.steal) / (after.total - before.total);
  if (steal > STEAL_SHARE) say(`the hypervisor took ${percent(steal)} of the time: repeat this run`);
  const failures = [
    ...memory.failures,
    ...overhead.failures,
    ...running.failures,
    ...measured.flatMap((row) => row.failures),
  ];
  for (const failure of failures) process.stdout.write(`not measured: ${failure}\n`);
  say(`done in ${Math.round((performance.now() - started) / 1000)} s`);
  const missed = options.check && verdicts.some((verdict) => !verdict.kept);
  return failures.length > 0 || missed ? 1 : 0;
}

/** With the peers, side by side: all but rows that start agents of their own. */
function isCompared({ load, isOverhead }: Row): boolean {
  return load.type !== 'memory' && isOverhead !== true;
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
