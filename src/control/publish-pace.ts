import { setTimeout as sleep } from 'node:timers/promises';

/** Under a burst of requests, changes of this time go out as one generation. */
const GATHER_MS = 50;
/** A fleet that registers costs ten generations a second, not one for each workload. */
const CALM_MS = 100;
/** Endpoints that still stream in are waited for until none came for this long. */
const QUIET_MS = 50;
/** They are waited for in proportion to what a publication costs now: a small mesh hardly, a fleet that starts a second at most. */
const PATIENCE = 4;
const MAX_PATIENCE_MS = 1_000;

export interface PublisherHooks {
  /** Further changes are waiting to be admitted, so a publication is worth delaying a little. */
  readonly moreToCome: () => boolean;
  /** Asks the store, now, whether this control holds the lock. */
  readonly isLeader: () => Promise<boolean>;
}

/** When the next publication begins: what an operator waits for at once, endpoints that come and go together. */
export class PublishPace {
  readonly #moreToCome: () => boolean;
  #urgent = true;
  #beganAt = 0;
  #calmUntil = 0;
  #patientUntil = 0;
  #changedAt = 0;

  /** `moreToCome`: further changes are waiting to be admitted, so a publication is worth delaying a little. */
  constructor(moreToCome: () => boolean) {
    this.#moreToCome = moreToCome;
  }

  /** An operator waits, or a store is to be put right: the next publication waits for no endpoints. */
  hurry(): void {
    this.#urgent = true;
  }

  /** Something is to be published. */
  changed(): void {
    this.#changedAt = performance.now();
  }

  /** The next calm one begins no sooner than this one took: a large fleet leaves control half of its time. */
  published(): void {
    const now = performance.now();
    const took = now - this.#beganAt;
    this.#calmUntil = now + Math.max(CALM_MS, took);
    this.#patientUntil = now + Math.min(MAX_PATIENCE_MS, PATIENCE * took);
  }

  /** Resolves when it is time. The first change of an endpoint goes out at once, those that follow it soon after, together. */
  async next(): Promise<void> {
    while (!this.#urgent && this.#mustWait(performance.now())) await sleep(5);
    const deadline = performance.now() + GATHER_MS;
    while (this.#moreToCome() && performance.now() < deadline) await sleep(1);
    this.#urgent = false;
    this.#beganAt = performance.now();
  }

  #mustWait(now: number): boolean {
    return now < this.#calmUntil || (now < this.#patientUntil && now - this.#changedAt < QUIET_MS);
  }
}
