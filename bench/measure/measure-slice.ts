/** One slice: load on one subject, what it cost, and the proof that this subject did the work in the expected way. */

import { isDeepStrictEqual } from 'node:util';
import { runGrpcStream } from '../load/grpc-stream.ts';
import { runH2load } from '../load/h2load.ts';
import { runIperf3 } from '../load/iperf3.ts';
import type { LoadResult } from '../load/load.ts';
import { runOpenLoop } from '../load/open-loop.ts';
import { runWrk } from '../load/wrk.ts';
import { sleep } from '../place/programs.ts';
import type { Upstream } from '../place/upstream.ts';
import type { Row } from '../rows.ts';
import type { Subject, Variant } from '../subjects/subject.ts';
import { readCpuMicros, readRssBytes } from './process-usage.ts';
import { type Counted, difference, findDoubts } from './prove.ts';

export interface Slice {
  /** null without a proxy. */
  readonly cpuMicrosPerRequest: number | null;
  readonly requestsPerSecond: number;
  readonly latency: LoadResult['latency'];
  readonly rssBytes: number | null;
}

/** Where and how a slice runs. */
export interface Bench {
  readonly upstream: Upstream;
  /** Command that places a generator on its core. */
  readonly pinned: readonly string[];
}

/** Counters that have not moved in as many readings, that far apart, are settled; a subject that never comes to rest is not waited for. */
const SETTLED_READINGS = 2;
const SETTLE_MS = 40;
const SETTLE_LIMIT_MS = 3000;

/** @throws Error when the load met an error, or the counters do not tell the same story as the generator */
export async function measureSlice(
  bench: Bench,
  row: Row,
  subject: Subject,
  variant: Variant,
  seconds: number,
): Promise<Slice> {
  const pid = subject.pid();
  const before = await readCounts(bench, row, subject);
  const cpuBefore = pid === null ? 0 : readCpuMicros(pid);
  const result = await putLoad(row, variant, seconds, bench.pinned);
  const cpuMicros = pid === null ? 0 : readCpuMicros(pid) - cpuBefore;
  if (result.errors > 0) {
    throw new Error(`the load met errors (${result.errors}, beside ${result.requests} requests): ${result.errorKinds}`);
  }
  if (result.requests === 0) throw new Error('no request was answered');

  const doubts = findDoubts(row, result, difference(before, await readSettledCounts(bench, row, subject)));
  if (doubts.length > 0) throw new Error(doubts.join('; '));
  return {
    cpuMicrosPerRequest: pid === null ? null : cpuMicros / result.requests,
    requestsPerSecond: result.requests / result.seconds,
    latency: result.latency,
    rssBytes: pid === null ? null : readRssBytes(pid),
  };
}

async function readCounts({ upstream }: Bench, { work }: Row, subject: Subject): Promise<Counted> {
  return { proxy: await subject.counts(work), upstream: await upstream.counts(work) };
}

/** What is still under way must not be counted in the next slice. */
async function readSettledCounts(bench: Bench, row: Row, subject: Subject): Promise<Counted> {
  const limit = performance.now() + SETTLE_LIMIT_MS;
  let last = await readCounts(bench, row, subject);
  for (let unchanged = 0; unchanged < SETTLED_READINGS && performance.now() < limit; ) {
    await sleep(SETTLE_MS);
    const next = await readCounts(bench, row, subject);
    unchanged = isDeepStrictEqual(last, next) ? unchanged + 1 : 0;
    last = next;
  }
  return last;
}

function putLoad(
  { name, load }: Row,
  variant: Variant,
  seconds: number,
  pinned: readonly string[],
): Promise<LoadResult> {
  switch (load.type) {
    case 'wrk':
      return runWrk(load, variant, seconds, pinned);
    case 'h2load':
      return runH2load(load, variant, seconds, pinned);
    case 'grpc-stream':
      return runGrpcStream(load, variant, seconds, pinned);
    case 'bulk':
      return runIperf3(variant, seconds, pinned);
    case 'open-loop':
      // Percentiles need samples, and the rate is fixed.
      return runOpenLoop(load, variant, 2 * seconds, pinned);
    case 'memory':
      throw new Error(`${name} has no slices`);
  }
}
