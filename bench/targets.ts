/** What Towpath promises about its own cost, and whether a run kept it. Pure. */
import type { Comparison } from './report/summarize.ts';

export interface Target {
  readonly row: string;
  /** Largest median of Towpath's CPU per request over HAProxy's. */
  readonly maxRatio: number;
  readonly promise: string;
}

export const TARGETS: readonly Target[] = [
  { row: 'h1-keepalive', maxRatio: 1.25, promise: 'at most 1.25x the CPU of HAProxy' },
  { row: 'tcp-bulk', maxRatio: 1 / 1.3, promise: 'at least 1.3x the bytes per CPU-second of HAProxy' },
  { row: 'tcp-short', maxRatio: 1.5, promise: 'at most 1.5x the CPU of HAProxy' },
];

export interface Verdict {
  readonly target: Target;
  readonly ratio: number;
  readonly kept: boolean;
}

/** One verdict for each target whose row was measured. */
export function judge(comparisons: readonly Comparison[]): Verdict[] {
  return TARGETS.flatMap((target): Verdict[] => {
    const found = comparisons.find(({ row, peer }) => row === target.row && peer === 'haproxy');
    if (found === undefined) return [];
    const ratio = found.ratio.middle;
    return [{ target, ratio, kept: ratio <= target.maxRatio }];
  });
}
