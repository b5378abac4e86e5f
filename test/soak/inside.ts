/** The soak itself; runs inside the namespace, started by run.ts. Checks to standard output, progress to standard error. */

import { readRssBytes } from '../../bench/measure/process-usage.ts';
import { Agent, type Metrics } from './agent.ts';
import { Crowd } from './crowd.ts';
import { type Check, growth, type MemorySample, renderChecks, unexcused } from './judge.ts';
import { MIX_NAMES } from './mix.ts';
import { between, pause } from './plan.ts';

const SAMPLE_MS = 2000;
const CHANGE_MS = 10_000;
const KILL_MS: readonly [number, number] = [3000, 9000];
/** After the load, for connections to end and descriptors to close. */
const SETTLE_MS = 15_000;
/** Heap that V8 has not yet given back. In 30 minutes a leak of 200 bytes for each connection is past this. */
const TOLERATED_GROWTH = 32 * 1024 * 1024;

interface Rest {
  readonly descriptors: number;
  readonly chunks: number;
}

interface Course {
  readonly memory: MemorySample[];
  readonly before: Rest;
  readonly after: Rest;
  readonly metrics: Metrics;
  readonly alive: boolean;
  readonly problems: string[];
}

async function main(folder: string, minutes: number): Promise<number> {
  const agent = new Agent(folder);
  const crowd = new Crowd();
  await agent.start();
  await pause(2000);
  const before = await atRest(agent);
  const memory: MemorySample[] = [];
  const problems: string[] = [];
  await crowd.start();
  const deadline = performance.now() + minutes * 60_000;
  await Promise.all([
    watch(agent, crowd, memory, deadline),
    changeViews(agent, deadline),
    killAtRandom(crowd, deadline),
  ]).catch((error: Error) => problems.push(error.message));
  await crowd.finishClients().catch((error: Error) => problems.push(error.message));
  crowd.killAll();
  const after = await settle(agent, before);
  const course = { memory, before, after, metrics: await agent.metrics(), alive: agent.alive, problems };
  process.stdout.write(renderSummary(crowd));
  const checks = [...judgeTraffic(course, crowd, agent), ...judgeLeaks(course)];
  process.stdout.write(renderChecks(checks));
  await agent.stop();
  return checks.every((check) => check.passed) ? 0 : 1;
}

async function watch(agent: Agent, crowd: Crowd, memory: MemorySample[], deadline: number): Promise<void> {
  const started = performance.now();
  for (let i = 0; performance.now() < deadline; i++) {
    if (!agent.alive) throw new Error('the agent ended');
    const bytes = readRssBytes(agent.pid);
    const seconds = (performance.now() - started) / 1000;
    memory.push({ seconds, bytes });
    if (i % 15 === 0) {
      const done = [...crowd.done.values()].reduce((sum, count) => sum + count, 0);
      const kills = crowd.kills.client + crowd.kills.server;
      say(
        `${Math.round(seconds)} s: ${done} scenarios, ${crowd.wrong.length} wrong, ${crowd.failures.length} failed around ${kills} kills; agent ${(bytes / 1e6).toFixed(0)} MB, ${agent.descriptors()} descriptors`,
      );
    }
    await pause(SAMPLE_MS);
  }
}

async function changeViews(agent: Agent, deadline: number): Promise<void> {
  for (let version = 1; performance.now() < deadline; version++) {
    agent.writeResources(version);
    await pause(CHANGE_MS);
  }
}

async function killAtRandom(crowd: Crowd, deadline: number): Promise<void> {
  for (;;) {
    await pause(between(...KILL_MS));
    if (performance.now() > deadline) return;
    await crowd.killOne();
  }
}

/** What the agent holds when nobody calls: the least of a few looks, because it looks after its rules in between. */
async function atRest(agent: Agent): Promise<Rest> {
  const looks: number[] = [];
  for (let i = 0; i < 10; i++) {
    looks.push(agent.descriptors());
    await pause(100);
  }
  return { descriptors: Math.min(...looks), chunks: (await agent.metrics()).value(CHUNKS) };
}

const CHUNKS = 'towpath_slab_chunks_in_use';

async function settle(agent: Agent, before: Rest): Promise<Rest> {
  const limit = performance.now() + SETTLE_MS;
  for (;;) {
    if (!agent.alive) return { descriptors: Number.NaN, chunks: Number.NaN };
    const now = await atRest(agent);
    const back = now.descriptors <= before.descriptors && now.chunks <= before.chunks;
    if (back || performance.now() > limit) return now;
  }
}

function judgeTraffic({ alive, problems, metrics }: Course, crowd: Crowd, agent: Agent): Check[] {
  const failed = unexcused(crowd.failures, crowd.excuses).map(
    ({ side, scenario, sentence }) => `${side}, ${scenario}: ${sentence}`,
  );
  const missing = MIX_NAMES.filter((name) => !crowd.done.has(name));
  const count = (verdict: string, reason: string): number =>
    metrics.value('towpath_verdicts_total', { verdict, reason });
  const http1 = count('http1', 'client-bytes');
  const declared = count('opaque', 'declared');
  const greeted = count('opaque', 'server-first');
  const { kills } = crowd;
  return [
    check(problems.length === 0, `the soak ran its whole course${list(problems)}`),
    check(alive && agent.errors.length === 0, `the agent lived and logged no error${list(agent.errors)}`),
    check(
      crowd.wrong.length === 0,
      `every byte was its own connection's, and what was cut looked cut${list(crowd.wrong)}`,
    ),
    check(failed.length === 0, `nothing failed but around kills (${crowd.failures.length} then)${list(failed)}`),
    check(missing.length === 0, `every scenario was completed${list(missing)}`),
    check(kills.client + kills.server > 0, `${kills.client} clients and ${kills.server} servers were killed`),
    check(
      http1 > 0 && declared > 0 && greeted > 0,
      `the agent took ${http1} connections for HTTP/1.1, ${declared} as declared, ${greeted} for a server that speaks first`,
    ),
  ];
}

function judgeLeaks({ metrics, memory, before, after }: Course): Check[] {
  const opened = metrics.value('towpath_connections_opened_total');
  const closed = metrics.value('towpath_connections_closed_total');
  const open = metrics.value('towpath_connections_open');
  const broken = metrics.value('towpath_internal_errors_total');
  const grown = growth(memory);
  return [
    check(broken === 0, `${broken} internal errors`),
    check(opened > 0 && opened === closed, `${opened} connections opened, ${closed} closed`),
    check(open === 0, `${open} connections open at the end`),
    check(
      after.descriptors <= before.descriptors,
      `${before.descriptors} descriptors before, ${after.descriptors} after`,
    ),
    ...(metrics.has(CHUNKS)
      ? [check(after.chunks <= before.chunks, `${before.chunks} chunks of the slab before, ${after.chunks} after`)]
      : []),
    check(grown < TOLERATED_GROWTH, `memory grew by ${(grown / 1e6).toFixed(1)} MB over the second half`),
  ];
}

function list(sentences: readonly string[]): string {
  return sentences
    .slice(0, 10)
    .map((one) => `\n         ${one}`)
    .join('');
}

function check(passed: boolean, sentence: string): Check {
  return { passed, sentence };
}

function renderSummary(crowd: Crowd): string {
  const counts = [...crowd.done].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => `${name} ${count}`);
  return `scenarios: ${counts.join(', ')}; ${(crowd.bytes / 1e9).toFixed(2)} GB checked\n`;
}

function say(sentence: string): void {
  process.stderr.write(`soak: ${sentence}\n`);
}

// Whoever made the namespace is gone: nobody else would end us.
process.on('disconnect', () => process.exit(1));

const [folder = '', minutes] = process.argv.slice(2);
main(folder, Number(minutes)).then(
  (status) => process.exit(status),
  (error: Error) => {
    say(error.message);
    process.exit(1);
  },
);
