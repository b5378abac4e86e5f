/** One timer of a request beside its deadline: for pauses, tries and faults. Short ones are precise to about 2 ms. */
import { type Delayed, SWEEP_MS } from '../../reactor/delay-queue.ts';
import type { Timed } from '../../reactor/timer-wheel.ts';
import type { Context } from '../context.ts';

/** Up to this long it looks at the clock every 2 ms; the wheel of deadlines would be up to 100 ms late. */
const SHORT_MS = 100;

export class Alarm implements Timed, Delayed {
  deadline = 0;
  wheelTick = -1;
  waiting = false;
  readonly #context: Context;
  readonly #ring: () => void;
  /** ms of the reactor's clock, for a short one. */
  #due = 0;
  #onWheel = false;

  constructor(context: Context, ring: () => void) {
    this.#context = context;
    this.#ring = ring;
  }

  /** Rings once, `ms` from now or later; what was set before is forgotten. */
  set(ms: number): void {
    const { reactor, exchanges } = this.#context;
    this.clear();
    if (ms > SHORT_MS) {
      this.#onWheel = true;
      return exchanges.deadlines.set(this, ms);
    }
    this.#due = reactor.now + ms;
    reactor.sweeps.add(this, reactor.now);
  }

  clear(): void {
    this.waiting = false;
    if (!this.#onWheel) return;
    this.#onWheel = false;
    this.#context.exchanges.deadlines.clear(this);
  }

  onDeadline(): void {
    this.clear();
    this.#ring();
  }

  onDelay(now: number): void {
    if (now + SWEEP_MS / 2 < this.#due) return this.#context.reactor.sweeps.add(this, now);
    this.#ring();
  }
}
