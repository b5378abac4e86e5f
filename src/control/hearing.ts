import type { Bus, Unsubscriber } from '../contract/bus-types.ts';
import type { Subjects } from '../contract/subjects.ts';

/** No host: host ids begin with a letter or a digit. */
const KEY = '_control';

/**
 * Whether leases can be heard. A record of control's own goes the way that renewals go: into the lease bucket, and back by
 * republish. While it does not arrive, be it that NATS hangs, that the bucket has no leader or that this process was paused,
 * a host's silence means nothing.
 */
export class Hearing {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #deafAfterMs: number;
  readonly #onAgain: () => void;
  #heardAt = performance.now();
  #asking = false;
  #subscription: Unsubscriber | null = null;

  /** `onAgain`: it was deaf and hears again. */
  constructor(bus: Bus, subjects: Subjects, deafAfterMs: number, onAgain: () => void) {
    this.#bus = bus;
    this.#subjects = subjects;
    this.#deafAfterMs = deafAfterMs;
    this.#onAgain = onAgain;
  }

  start(): void {
    this.#heardAt = performance.now();
    this.#subscription = this.#bus.subscribe(this.#subjects.republished('lease', KEY), () => {
      const wasDeaf = this.isDeaf();
      this.#heardAt = performance.now();
      if (wasDeaf) this.#onAgain();
    });
  }

  stop(): void {
    this.#subscription?.unsubscribe();
  }

  /** Sends the next record; call about once a second. A failure shows as deafness. */
  ask(): void {
    if (this.#asking) return;
    this.#asking = true;
    void this.#bus
      .bucket(this.#subjects.bucket('lease'))
      .put(KEY, '{}')
      .catch(() => {})
      .finally(() => {
        this.#asking = false;
      });
  }

  isDeaf(): boolean {
    return performance.now() - this.#heardAt > this.#deafAfterMs;
  }
}
