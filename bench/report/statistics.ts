/** The arithmetic behind the table. Pure. */

/** NaN for no values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Linear interpolation between the closest ranks; NaN for no values. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

export interface Interval {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

const RESAMPLES = 2000;

/**
 * The median with its 95 % bootstrap interval (percentile method): how far it moves when the same values are drawn again
 * with replacement. The seed is fixed, so that the same measurements give the same interval.
 */
export function medianInterval(values: readonly number[]): Interval {
  const random = seededRandom(0x70a7);
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)] ?? Number.NaN)),
  );
  return { low: quantile(medians, 0.025), middle: median(values), high: quantile(medians, 0.975) };
}

/** Uniform in [0, 1); mulberry32. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A B C -> A B C C B A: a drift that is linear in time weighs on all alike. */
export function thereAndBack<T>(items: readonly T[]): readonly T[] {
  return [...items, ...items.toReversed()];
}
