/** Timers that all have the same short delay, so that a plain queue keeps them in order: precise to about 1 ms. */

/** ms after which a stream whose bytes gather in the kernel is looked at (see proxy/gather-pace.ts). */
export const SWEEP_MS = 2;

export interface Delayed {
  /** Set to false to cancel. */
  waiting: boolean;
  onDelay(now: number): void;
}

export class DelayQueue {
  readonly delayMs: number;
  #entries: Delayed[] = [];
  #due: number[] = [];
  #head = 0;

  constructor(delayMs: number) {
    this.delayMs = delayMs;
  }

  add(delayed: Delayed, now: number): void {
    delayed.waiting = true;
    this.#entries.push(delayed);
    this.#due.push(now + this.delayMs);
  }

  /** ms until the first entry is due, at most `limit`; cancelled entries are forgotten on the way. */
  untilNext(now: number, limit: number): number {
    while (this.#head < this.#entries.length && !this.#entries[this.#head].waiting) this.#head++;
    if (this.#head === this.#entries.length) {
      if (this.#head > 0) this.#reset();
      return limit;
    }
    return Math.min(limit, Math.max(0, Math.ceil(this.#due[this.#head] - now)));
  }

  /** Fires everything due at `now`; what an entry throws goes to `onThrow`, the others fire all the same. */
  advance(now: number, onThrow: (delayed: Delayed, error: unknown) => void): void {
    while (this.#head < this.#entries.length && this.#due[this.#head] <= now) {
      const delayed = this.#entries[this.#head++];
      if (!delayed.waiting) continue;
      delayed.waiting = false;
      try {
        delayed.onDelay(now);
      } catch (error) {
        onThrow(delayed, error);
      }
    }
    if (this.#head > 1024) {
      this.#entries = this.#entries.slice(this.#head);
      this.#due = this.#due.slice(this.#head);
      this.#head = 0;
    }
  }

  #reset(): void {
    this.#entries.length = 0;
    this.#due.length = 0;
    this.#head = 0;
  }
}
