import { setTimeout as sleep } from 'node:timers/promises';

/** Under a burst of requests, changes of this time go out as one generation. */
const GATHER_MS = 50;
/** A fleet that registers costs ten generations a second, not one for each workload. */
const CALM_MS = 100;

/** When the next publication begins: what an operator waits for at once, endpoints that come and go together. */
export class PublishPace {
  readonly #moreToCome: () => boolean;
  #urgent = true;
  #publishedAt = Number.NEGATIVE_INFINITY;

  /** `moreToCome`: further changes are waiting to be admitted, so a publication is worth delaying a little. */
  constructor(moreToCome: () => boolean) {
    this.#moreToCome = moreToCome;
  }

  /** An operator waits, or a store is to be put right: the next publication waits for no endpoints. */
  hurry(): void {
    this.#urgent = true;
  }

  published(): void {
    this.#publishedAt = performance.now();
  }

  /** Resolves when it is time. The first change of an endpoint goes out at once, those that follow it soon after, together. */
  async next(): Promise<void> {
    while (!this.#urgent && performance.now() < this.#publishedAt + CALM_MS) await sleep(5);
    const deadline = performance.now() + GATHER_MS;
    while (this.#moreToCome() && performance.now() < deadline) await sleep(1);
    this.#urgent = false;
  }
}
