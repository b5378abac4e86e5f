/** Timers that all have the same short delay, so that a plain queue keeps them in order: precise to about 1 ms. */

/** ms after which a stream whose bytes gather in the kernel is looked at (see proxy/gather-pace.ts). */
export const SWEEP_MS = 2;

export interface Delayed {
  /** Set to false to cancel. */
  waiting: boolean;
  onDelay(now: number): void;
}

/** Places at the beginning, and again whenever a larger queue has become empty. A power of two. */
const PLACES = 256;

/** A ring: an entry is let go of as soon as it is due or cancelled and first, for connections come and go by the thousand. */
export class DelayQueue {
  readonly delayMs: number;
  #entries: (Delayed | null)[] = new Array<Delayed | null>(PLACES).fill(null);
  #due = new Float64Array(PLACES);
  #head = 0;
  #length = 0;

  constructor(delayMs: number) {
    this.delayMs = delayMs;
  }

  add(delayed: Delayed, now: number): void {
    if (this.#length === this.#entries.length) this.#resize(this.#length * 2);
    delayed.waiting = true;
    const place = (this.#head + this.#length) & (this.#entries.length - 1);
    this.#entries[place] = delayed;
    this.#due[place] = now + this.delayMs;
    this.#length++;
  }

  /** ms until the first entry is due, at most `limit`; cancelled entries are forgotten on the way. */
  untilNext(now: number, limit: number): number {
    while (this.#length > 0) {
      if (this.#entries[this.#head]?.waiting === true)
        return Math.min(limit, Math.max(0, Math.ceil(this.#due[this.#head] - now)));
      this.#shift();
    }
    if (this.#entries.length > PLACES) this.#resize(PLACES);
    return limit;
  }

  /** Fires everything due at `now`; what an entry throws goes to `onThrow`, the others fire all the same. */
  advance(now: number, onThrow: (delayed: Delayed, error: unknown) => void): void {
    while (this.#length > 0 && this.#due[this.#head] <= now) {
      const delayed = this.#shift();
      if (delayed?.waiting !== true) continue;
      delayed.waiting = false;
      try {
        delayed.onDelay(now);
      } catch (error) {
        onThrow(delayed, error);
      }
    }
  }

  #shift(): Delayed | null {
    const first = this.#entries[this.#head];
    this.#entries[this.#head] = null;
    this.#head = (this.#head + 1) & (this.#entries.length - 1);
    this.#length--;
    return first;
  }

  /** @param places a power of two, no fewer than there are entries */
  #resize(places: number): void {
    const entries = new Array<Delayed | null>(places).fill(null);
    const due = new Float64Array(places);
    for (let i = 0; i < this.#length; i++) {
      const from = (this.#head + i) & (this.#entries.length - 1);
      entries[i] = this.#entries[from];
      due[i] = this.#due[from];
    }
    this.#entries = entries;
    this.#due = due;
    this.#head = 0;
  }
}
