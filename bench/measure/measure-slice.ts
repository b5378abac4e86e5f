/** One slice: load on one subject, what it cost, and the proof that this subject did the work in the expected way. */

import { runIperf3 } from '../load/iperf3.ts';
import type { LoadResult } from '../load/load.ts';
import { runOpenLoop } from '../load/open-loop.ts';
import { runWrk } from '../load/wrk.ts';
import { sleep } from '../place/programs.ts';
import type { Row } from '../rows.ts';
import type { Subject, Variant } from '../subjects/subject.ts';
import { readCpuMicros, readRssBytes } from './process-usage.ts';
import { difference, findDoubts } from './prove.ts';

export interface Slice {
  /** null without a proxy. */
  readonly cpuMicrosPerRequest: number | null;
  readonly requestsPerSecond: number;
  readonly latency: LoadResult['latency'];
  readonly rssBytes: number | null;
}

/** Longest wait for the subject to have counted connections that the generator has just closed. */
const COUNTS_SETTLE_MS = 3000;

/** @throws Error when the load met an error, or the subject's counters do not tell the same story as the generator */
export async function measureSlice(
  row: Row,
  subject: Subject,
  variant: Variant,
  seconds: number,
  pinned: readonly string[],
): Promise<Slice> {
  const pid = subject.pid();
  const before = await subject.counts();
  const cpuBefore = pid === null ? 0 : readCpuMicros(pid);
  const result = await putLoad(row, variant, seconds, pinned);
  const cpuMicros = pid === null ? 0 : readCpuMicros(pid) - cpuBefore;
  if (result.errors > 0)
    throw new Error(`${result.errors} errors beside ${result.requests} requests (${result.errorKinds})`);
  if (result.requests === 0) throw new Error('no request was answered');

  const limit = performance.now() + COUNTS_SETTLE_MS;
  let doubts: readonly string[] = [];
  while (before !== null) {
    const after = await subject.counts();
    doubts = after === null ? [] : findDoubts(row, result, difference(before, after));
    if (doubts.length === 0 || performance.now() > limit) break;
    await sleep(100);
  }
  if (doubts.length > 0) throw new Error(doubts.join('; '));
  return {
    cpuMicrosPerRequest: pid === null ? null : cpuMicros / result.requests,
    requestsPerSecond: result.requests / result.seconds,
    latency: result.latency,
    rssBytes: pid === null ? null : readRssBytes(pid),
  };
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
    case 'bulk':
      return runIperf3(variant, seconds, pinned);
    case 'open-loop':
      // Percentiles need samples, and the rate is fixed.
      return runOpenLoop(load, variant, 2 * seconds, pinned);
    case 'memory':
      throw new Error(`${name} has no slices`);
  }
}
