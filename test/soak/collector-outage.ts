/**
 * `npm run soak -- --collector-outage`: two hosts that trace and log every request, and a real OpenTelemetry collector that is away for
 * minutes under load. Latency with and without it is compared, by an open loop whose stalls cannot hide, and memory is looked at.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../../bench/report/statistics.ts';
import { type TestLab, withLab } from '../network/support/lab.ts';
import { countIn, prepareTraced, signalCollector, tracedPair } from '../network/support/telemetry.ts';

const CLIENT = new URL('../../bench/load/open-loop-client.ts', import.meta.url).pathname;
const RATE = 300;
const CONNECTIONS = 16;
const SLICE_S = 15;
/** p99 without a collector may be so much above that with one. */
const MOST_ABOVE = 0.1;
/** Bytes that an agent may gain: what waits is bounded, at 8 MB of lines and 4,096 spans. */
const MOST_GAINED = 96 * 1024 * 1024;
const PATIENCE_MS = 180_000;

interface Slice {
  readonly latencies: readonly number[];
  readonly errors: number;
  readonly errorKinds: string;
}

interface Phase {
  readonly slices: readonly Slice[];
  /** Bytes, of the client's agent and the server's. */
  readonly memory: readonly number[];
}

/** @param minutes of the outage; as long again, half before and half after, the collector is there. @returns the exit status */
export function soakCollectorOutage(minutes: number): Promise<number> {
  return withLab(tracedPair(100), async (lab) => {
    await prepareTraced(lab);
    await runSlices(lab, 1);
    const count = Math.max(2, Math.round((minutes * 60) / SLICE_S));
    const before = await phase(lab, 'the collector is there', Math.ceil(count / 2));
    await signalCollector(lab, 'STOP');
    const hangs = await phase(lab, 'it hangs', Math.floor(count / 2));
    await signalCollector(lab, 'KILL');
    const gone = await phase(lab, 'it is gone', Math.ceil(count / 2));
    await lab.start('control', 'collector');
    await settled(lab);
    const after = await phase(lab, 'it is there again', Math.floor(count / 2));
    await settled(lab);
    return judge(lab, [before, after], [hangs, gone]);
  });
}

async function phase(lab: TestLab, name: string, count: number): Promise<Phase> {
  const slices = await runSlices(lab, count);
  const memory = await Promise.all(
    ['client', 'server'].map((host) => lab.counter(host, 'towpath_process_resident_memory_bytes')),
  );
  const [p50, p99] = [0.5, 0.99].map((fraction) =>
    quantile(
      slices.flatMap(({ latencies }) => latencies),
      fraction,
    ),
  );
  const megabytes = memory.map((bytes) => Math.round(bytes / 1024 / 1024)).join(' and ');
  say(`${name}: ${count * SLICE_S} s, p50 ${p50?.toFixed(2)} ms, p99 ${p99?.toFixed(2)} ms, memory ${megabytes} MB`);
  return { slices, memory };
}

async function runSlices(lab: TestLab, count: number): Promise<Slice[]> {
  const slices: Slice[] = [];
  for (let i = 0; i < count; i++) {
    const words = ['web.test', '8080', '/', CONNECTIONS, RATE, SLICE_S].map(String);
    slices.push(JSON.parse(await lab.run('client', ['chrt', '--idle', '0', process.execPath, CLIENT, ...words])));
  }
  return slices;
}

/** All that was logged has arrived, and no span waits any more. */
async function settled(lab: TestLab): Promise<void> {
  await lab.waitFor('the collector to have it all', PATIENCE_MS, async () => {
    const pages = await Promise.all(['client', 'server'].map((host) => lab.metrics(host)));
    const sum = (name: string, labels = {}): number => pages.reduce((all, page) => all + page.value(name, labels), 0);
    const [spans, logs] = [countIn(lab, 'traces'), countIn(lab, 'logs')];
    await sleep(1_000);
    return (
      logs === sum('towpath_access_log_lines_total', { sink: 'stream' }) &&
      spans === sum('towpath_spans_exported_total') &&
      spans + sum('towpath_spans_dropped_total') >= logs - PREPARED
    );
  });
}
/** Requests before the load that have log records and no spans; there are fewer. */
const PREPARED = 100;

async function judge(lab: TestLab, up: readonly Phase[], down: readonly Phase[]): Promise<number> {
  const failed: string[] = [];
  const p99 = (phases: readonly Phase[]): number => {
    const slices = phases.flatMap(({ slices }) => slices.map(({ latencies }) => quantile(latencies, 0.99)));
    return quantile(slices, 0.5);
  };
  const [with_, without] = [p99(up), p99(down)];
  say(
    `p99, the median of slices of ${SLICE_S} s: ${with_.toFixed(2)} ms with the collector, ${without.toFixed(2)} ms without`,
  );
  if (without > with_ * (1 + MOST_ABOVE)) failed.push(`p99 is ${Math.round((without / with_ - 1) * 100)} % above`);
  for (const { errors, errorKinds } of [...up, ...down].flatMap(({ slices }) => slices))
    if (errors > 0) failed.push(`${errors} requests failed: ${errorKinds}`);
  const gains = down.flatMap(({ memory }) => memory.map((bytes, i) => bytes - (up[0]?.memory[i] ?? 0)));
  if (Math.max(...gains) > MOST_GAINED)
    failed.push(`an agent gained ${Math.round(Math.max(...gains) / 1024 / 1024)} MB`);
  say(`${countIn(lab, 'traces')} spans and ${countIn(lab, 'logs')} log records have arrived`);
  for (const problem of failed) say(`FAILED: ${problem}`);
  say(`${failed.length === 0 ? 1 : 0} passed, ${failed.length} failed`);
  return failed.length === 0 ? 0 : 1;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
