/** What passed on one edge of the mesh in the last minutes, in steps of some seconds, for rates and quantiles. Pure. */
import { METRICS_STEP_SECONDS, type Traffic } from '../../contract/mesh-metrics.ts';
import { DURATION_BOUNDS } from '../../contract/request-block.ts';

const STEPS = 300 / METRICS_STEP_SECONDS;
/** Places in a step: counts, then buckets of durations. */
const REQUESTS = 0;
const FAILURES = 1;
const CONNECTIONS = 2;
const RECEIVED = 3;
const SENT = 4;
const BUCKETS = 5;
const PLACES = BUCKETS + DURATION_BOUNDS.length + 1;

/** Numbers of one edge, added up. */
export interface Passed {
  readonly requests: number;
  readonly failures: number;
  readonly connections: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly durations: readonly number[];
}

export class TrafficWindow {
  /** Steps in which something passed, by number. */
  readonly #steps = new Map<number, Float64Array>();

  /** @param now ms */
  add(passed: Passed, now: number): void {
    const step = stepOf(now);
    let places = this.#steps.get(step);
    if (places === undefined) {
      places = new Float64Array(PLACES);
      this.#steps.set(step, places);
      for (const old of this.#steps.keys()) if (old <= step - STEPS) this.#steps.delete(old);
    }
    places[REQUESTS] += passed.requests;
    places[FAILURES] += passed.failures;
    places[CONNECTIONS] += passed.connections;
    places[RECEIVED] += passed.receivedBytes;
    places[SENT] += passed.sentBytes;
    for (const [i, count] of passed.durations.entries()) places[BUCKETS + i] += count;
  }

  /** The last `seconds`, added up; adds to `into`. */
  sum(seconds: number, now: number, into: Float64Array = new Float64Array(PLACES)): Float64Array {
    const first = stepOf(now) - Math.ceil(seconds / METRICS_STEP_SECONDS);
    for (const [step, places] of this.#steps) {
      if (step > first) for (const [i, value] of places.entries()) into[i] += value;
    }
    return into;
  }
}

/** @param sums what `TrafficWindow.sum` returned */
export function describeTraffic(sums: Float64Array, seconds: number, requestsTotal: number): Traffic {
  const requests = sums[REQUESTS];
  const buckets = [...sums.subarray(BUCKETS)];
  return {
    requestsPerSecond: requests / seconds,
    success: requests === 0 ? null : Math.max(0, 1 - sums[FAILURES] / requests),
    p50Ms: quantileMs(buckets, 0.5),
    p95Ms: quantileMs(buckets, 0.95),
    p99Ms: quantileMs(buckets, 0.99),
    connectionsPerSecond: sums[CONNECTIONS] / seconds,
    receivedBytesPerSecond: sums[RECEIVED] / seconds,
    sentBytesPerSecond: sums[SENT] / seconds,
    requestsTotal,
  };
}

/** As Prometheus' histogram_quantile: linear within the bucket; the last bound for what lies beyond it. null: nothing was counted. */
export function quantileMs(buckets: readonly number[], quantile: number): number | null {
  const total = buckets.reduce((a, b) => a + b, 0);
  if (total === 0) return null;
  const rank = quantile * total;
  let below = 0;
  for (const [i, count] of buckets.entries()) {
    if (below + count < rank || count === 0) {
      below += count;
      continue;
    }
    const upper = DURATION_BOUNDS[i];
    if (upper === undefined) break;
    const lower = i === 0 ? 0 : DURATION_BOUNDS[i - 1];
    return (lower + ((upper - lower) * (rank - below)) / count) * 1000;
  }
  return DURATION_BOUNDS[DURATION_BOUNDS.length - 1] * 1000;
}

function stepOf(now: number): number {
  return Math.floor(now / (METRICS_STEP_SECONDS * 1000));
}
