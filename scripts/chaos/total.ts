/** What a scenario's requests add up to, and its line. Pure. */
import type { Tally } from './open-loop-client.ts';

export interface Total {
  readonly sent: number;
  readonly lost: number;
  readonly problems: readonly string[];
  /** ms */
  readonly latencies: readonly number[];
}

export interface Outcome {
  readonly scenario: string;
  readonly seconds: number;
  readonly total: Total;
  /** What was done, in numbers. */
  readonly detail: string;
  /** The scenario itself did not do what it should; null when it did. */
  readonly failure: string | null;
}

const MAX_PROBLEMS = 10;

export const emptyTotal = (): Total => ({ sent: 0, lost: 0, problems: [], latencies: [] });

export function addTally(total: Total, tally: Tally): Total {
  return {
    sent: total.sent + tally.sent,
    lost: total.lost + tally.lost,
    problems: [...total.problems, ...tally.problems].slice(0, MAX_PROBLEMS),
    latencies: total.latencies.concat(tally.latencies),
  };
}

/** The value that a share of all values does not exceed; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** A scenario passes when something was asked, nothing was lost, and it did what it should. */
export function hasPassed({ total, failure }: Outcome): boolean {
  return failure === null && total.lost === 0 && total.sent > 0;
}

/** One line, and below it whatever was wrong. */
export function renderOutcome(outcome: Outcome): string {
  const { scenario, seconds, total, detail, failure } = outcome;
  const numbers = [
    `${total.sent} requests`,
    `${total.lost} lost`,
    `p99 ${quantile(total.latencies, 0.99).toFixed(1)} ms`,
    `longest ${quantile(total.latencies, 1).toFixed(0)} ms`,
    `${seconds.toFixed(1)} s`,
  ];
  const verdict = hasPassed(outcome) ? 'ok  ' : 'FAIL';
  const line = `${verdict} ${scenario.padEnd(16)} ${numbers.join(', ')}${detail === '' ? '' : `; ${detail}`}`;
  const wrong = [...(failure === null ? [] : [failure]), ...total.problems.map((problem) => `lost: ${problem}`)];
  return [line, ...wrong.map((text) => `       ${text.replaceAll('\n', '\n       ')}`)].join('\n');
}
