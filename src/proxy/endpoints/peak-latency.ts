/** How long an endpoint takes to answer: rises to every peak at once, and falls slowly (Linkerd's peak-sensitive average). */

/** What is assumed of an endpoint that has not answered yet. */
const START_MS = 30;
/** Time in which the past comes to count a third (1 / e). */
const DECAY_MS = 10_000;

export class PeakLatency {
  #ms = START_MS;
  #at: number;

  /** @param now ms of the reactor's clock */
  constructor(now: number) {
    this.#at = now;
  }

  /** ms. It falls while nothing is observed, so that an endpoint that was slow once is tried again. */
  read(now: number): number {
    return this.#ms * Math.exp((this.#at - now) / DECAY_MS);
  }

  observe(ms: number, now: number): void {
    const past = Math.exp((this.#at - now) / DECAY_MS);
    this.#ms = Math.max(ms, this.#ms * past + ms * (1 - past));
    this.#at = now;
  }
}
