/**
 * How many requests may be sent again (XBackendTrafficPolicy `retryConstraint`, GEP-3388): a share of the requests of the last
 * interval, and always a few in a shorter one. Without it, a service in trouble would be hit by several times its load.
 */
import type { RetryBudgetView } from '../../contract/cluster-views.ts';

/** Parts of a window: so much of its end may be forgotten early, or late. */
const SLOTS = 10;

/** Events of the last `spanMs`. Nothing is allocated to count one. */
export class SlidingCount {
  readonly #slotMs: number;
  readonly #slots = new Int32Array(SLOTS);
  /** Number of the slot that is counted in. */
  #slot = 0;
  #sum = 0;

  constructor(spanMs: number) {
    this.#slotMs = Math.max(1, spanMs / SLOTS);
  }

  /** @param now ms, monotonic */
  add(now: number): void {
    const slot = Math.floor(now / this.#slotMs);
    if (slot !== this.#slot) this.#advance(slot);
    this.#slots[slot % SLOTS]++;
    this.#sum++;
  }

  count(now: number): number {
    const slot = Math.floor(now / this.#slotMs);
    if (slot !== this.#slot) this.#advance(slot);
    return this.#sum;
  }

  #advance(slot: number): void {
    const passed = Math.min(SLOTS, slot - this.#slot);
    for (let i = slot - passed + 1; i <= slot; i++) {
      this.#sum -= this.#slots[i % SLOTS];
      this.#slots[i % SLOTS] = 0;
    }
    this.#slot = slot;
  }
}

export const USUAL_BUDGET: RetryBudgetView = { percent: 20, intervalMs: 10_000, minCount: 10, minIntervalMs: 1_000 };

export class RetryBudget {
  readonly view: RetryBudgetView;
  readonly #requests: SlidingCount;
  readonly #retries: SlidingCount;
  readonly #lately: SlidingCount;

  constructor(view: RetryBudgetView = USUAL_BUDGET) {
    this.view = view;
    this.#requests = new SlidingCount(view.intervalMs);
    this.#retries = new SlidingCount(view.intervalMs);
    this.#lately = new SlidingCount(view.minIntervalMs);
  }

  /** A request was sent for the first time. @param now ms, monotonic */
  noteRequest(now: number): void {
    this.#requests.add(now);
  }

  /** Takes one retry out of the budget; false when it is used up. */
  take(now: number): boolean {
    const { percent, minCount } = this.view;
    const allowed = (this.#requests.count(now) * percent) / 100;
    if (this.#retries.count(now) + 1 > allowed && this.#lately.count(now) >= minCount) return false;
    this.#retries.add(now);
    this.#lately.add(now);
    return true;
  }
}
