/** Where records go to. A sink takes what it can hold, and counts what it cannot: it never waits, and nobody waits for it. */

export interface SinkCounts {
  /** Records that have left. */
  readonly written: number;
  /** Records that found no room, or that could not be delivered. */
  readonly dropped: number;
  /** Why the last delivery failed; '' = it did not. */
  readonly problem: string;
}

export interface LineSink {
  readonly name: string;
  /** Takes lines; the bytes are copied. */
  write(lines: Uint8Array, count: number): void;
  counts(): SinkCounts;
  /** Delivers what waits, for at most `ms`, then closes. */
  close(ms: number): Promise<void>;
}
