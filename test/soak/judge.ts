/** What the numbers of a soak mean. Pure. */
import type { Failure } from './plan.ts';

/** A kill and its aftermath, Unix ms: a time in which failures are to be expected. */
export interface Excuse {
  readonly killed: 'client' | 'server';
  readonly from: number;
  readonly to: number;
}

/** Failures without a cause: no kill overlapped them. That clients die excuses what servers saw, never what other clients saw. */
export function unexcused(failures: readonly Failure[], excuses: readonly Excuse[]): Failure[] {
  return failures.filter(({ side, startedAt, endedAt }) =>
    excuses.every(
      ({ killed, from, to }) => (side === 'client' && killed === 'client') || endedAt < from || startedAt > to,
    ),
  );
}

export interface MemorySample {
  readonly seconds: number;
  readonly bytes: number;
}

/**
 * Bytes by which memory grew over the second half of the samples: the median of the slopes between all pairs (Theil and Sen), which
 * a few peaks do not move, times the length. The first half is left to JIT, pools and the heap's own growth. NaN below 4 samples.
 */
export function growth(samples: readonly MemorySample[]): number {
  const late = samples.slice(Math.floor(samples.length / 2));
  const slopes: number[] = [];
  for (const [i, a] of late.entries()) {
    for (const b of late.slice(i + 1)) slopes.push((b.bytes - a.bytes) / (b.seconds - a.seconds));
  }
  slopes.sort((a, b) => a - b);
  const slope = slopes[Math.floor(slopes.length / 2)] ?? Number.NaN;
  return slope * ((late.at(-1)?.seconds ?? 0) - (late[0]?.seconds ?? 0));
}

export interface Check {
  readonly passed: boolean;
  readonly sentence: string;
}

export function renderChecks(checks: readonly Check[]): string {
  const failed = checks.filter((check) => !check.passed).length;
  const lines = checks.map(({ passed, sentence }) => `${passed ? 'ok    ' : 'FAILED'} ${sentence}\n`);
  return `${lines.join('')}${checks.length - failed} passed, ${failed} failed\n`;
}
