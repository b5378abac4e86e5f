/**
 * What a peer may make us do for nothing, as allowances: each kind has one that refills with time and, where the protocol asks for
 * such frames in answer to ours, with useful traffic. Pure: time comes in by `refill`.
 */
import type { AbuseLimits } from './http2-config.ts';

export const PEER_RESET = 0;
export const PROVOKED_RESET = 1;
export const SETTINGS_FRAME = 2;
export const PING_FRAME = 3;
export const EMPTY_FRAME = 4;
export const WINDOW_UPDATE_FRAME = 5;
export const IGNORED_FRAME = 6;
export type AbuseKind = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/** What was too much, for the sentence. */
export const ABUSE_NAMES = [
  'streams reset by the peer',
  "streams reset for the peer's errors",
  'SETTINGS frames',
  'PING frames',
  'empty frames',
  'WINDOW_UPDATE frames',
  'PRIORITY and unknown frames',
];

/** Allowance that useful traffic adds. */
const WINDOW_UPDATES_PER_DATA = 4;
const IGNORED_PER_STREAM = 4;

export class AbuseMeter {
  readonly #limits: readonly number[];
  /** What is left of each allowance; at most twice the limit after much useful traffic. */
  readonly #left: Float64Array;
  #refilledAt = 0;

  constructor(limits: AbuseLimits) {
    const { peerResets, provokedResets, settings, pings, emptyFrames, windowUpdates, ignoredFrames } = limits;
    this.#limits = [peerResets, provokedResets, settings, pings, emptyFrames, windowUpdates, ignoredFrames];
    this.#left = Float64Array.from(this.#limits);
  }

  /** Counts one; false: that was one too many. */
  spend(kind: AbuseKind): boolean {
    return --this.#left[kind] >= 0;
  }

  /** We sent a DATA frame: window updates follow, and perhaps a PING that measures how fast it went. */
  earnData(): void {
    this.#earn(WINDOW_UPDATE_FRAME, WINDOW_UPDATES_PER_DATA);
    this.#earn(PING_FRAME, 1);
  }

  /** A stream was opened, for which older peers send priorities. */
  earnStream(): void {
    this.#earn(IGNORED_FRAME, IGNORED_PER_STREAM);
  }

  /** Both messages of a stream were completed. */
  earnCompleted(): void {
    this.#earn(PEER_RESET, 1);
  }

  /** @param now ms */
  refill(now: number): void {
    const seconds = (now - this.#refilledAt) / 1000;
    if (seconds <= 0) return;
    this.#refilledAt = now;
    for (let kind = 0; kind < this.#limits.length; kind++) {
      const limit = this.#limits[kind];
      const refilled = this.#left[kind] + seconds * limit;
      if (this.#left[kind] < limit) this.#left[kind] = Math.min(refilled, limit);
    }
  }

  #earn(kind: AbuseKind, amount: number): void {
    if (this.#left[kind] < 2 * this.#limits[kind]) this.#left[kind] += amount;
  }
}
