/** Buckets that were counted apart, as the cumulative series of a Prometheus histogram. Pure. */
import type { Exemplar, Labels, Sample } from './metric.ts';

/** `le` as OpenMetrics wants it: `1.0`, `0.25`, `+Inf`. */
export function boundLabel(bound: number): string {
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}

export interface HistogramCounts {
  /** Upper bounds, ascending, without +Inf. */
  readonly bounds: readonly number[];
  /** One more than the bounds; each for itself. */
  readonly buckets: readonly number[];
  readonly sum: number;
  /** By bucket. */
  readonly exemplars?: readonly (Exemplar | undefined)[] | undefined;
}

export function histogramSamples(name: string, labels: Labels, counts: HistogramCounts): Sample[] {
  const { bounds, buckets, sum, exemplars } = counts;
  const samples: Sample[] = [];
  let total = 0;
  for (const [i, bucket] of buckets.entries()) {
    total += bucket;
    const bound = bounds[i];
    const le = bound === undefined ? '+Inf' : boundLabel(bound);
    samples.push({ name: `${name}_bucket`, labels: { ...labels, le }, value: total, exemplar: exemplars?.[i] });
  }
  samples.push({ name: `${name}_sum`, labels, value: sum }, { name: `${name}_count`, labels, value: total });
  return samples;
}
