/**
 * The last traced request of each bucket, kept on the main thread: whoever hears of finished traces notes them here, and a scrape that
 * understands OpenMetrics gets them with the buckets.
 */
import { DURATION_BOUNDS, type RequestLabels } from '../contract/request-block.ts';
import type { RequestCounts } from './counted-series.ts';
import type { Exemplar } from './metric.ts';

/** Kinds of requests that have exemplars; of more the oldest are dropped. */
const MAX_KINDS = 500;

/** What must agree for a request to be an example of a block. */
export type TracedRequest = Pick<RequestLabels, 'side' | 'service' | 'route' | 'code'>;

/** By bucket of `DURATION_BOUNDS`. */
export type BucketExemplars = readonly (Exemplar | undefined)[];

export class Exemplars {
  readonly #kinds = new Map<string, (Exemplar | undefined)[]>();

  /** @param code as metrics name it: '0' without an answer @param durationSeconds of the whole request @param unixSeconds when it ended */
  note(request: TracedRequest, durationSeconds: number, traceId: string, unixSeconds: number): void {
    const key = keyOf(request);
    const buckets = this.#kinds.get(key) ?? new Array(DURATION_BOUNDS.length + 1).fill(undefined);
    const bucket = DURATION_BOUNDS.findIndex((bound) => durationSeconds <= bound);
    buckets[bucket < 0 ? DURATION_BOUNDS.length : bucket] = { traceId, value: durationSeconds, seconds: unixSeconds };
    this.#kinds.delete(key);
    this.#kinds.set(key, buckets);
    for (const oldest of this.#kinds.keys()) {
      if (this.#kinds.size <= MAX_KINDS) break;
      this.#kinds.delete(oldest);
    }
  }

  /** The same counts, each with its examples. */
  attach(counts: readonly RequestCounts[]): readonly RequestCounts[] {
    if (this.#kinds.size === 0) return counts;
    return counts.map((one) => ({ ...one, exemplars: this.#kinds.get(keyOf(one.labels)) }));
  }
}

function keyOf({ side, service, route, code }: TracedRequest): string {
  return `${side} ${service} ${route} ${code}`;
}
