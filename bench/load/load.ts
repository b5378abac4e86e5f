/** What a generator counted during one slice. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly errors: number;
  /** Which errors, in the generator's words. */
  readonly errorKinds: string;
  /** Milliseconds; null where one request cannot be timed. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly p999: number } | null;
}
