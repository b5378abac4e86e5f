/** How long a generator may take before it is stuck, for a slice of that many seconds. */
export function limitMs(seconds: number): number {
  return 1000 * seconds + 15_000;
}

/** What a generator counted during one slice. */
export interface LoadResult {
  readonly requests: number;
  /** HTTP requests that a proxy must have seen; null where none are made. Fewer than requests where one carries many messages. */
  readonly exchanges: number | null;
  readonly seconds: number;
  readonly bytes: number;
  readonly errors: number;
  /** Which errors, in the generator's words. */
  readonly errorKinds: string;
  /** Milliseconds; null where one request cannot be timed. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly p999: number } | null;
}
