/** One timer of a request beside its deadline: for pauses, tries and faults. */
import type { Timed } from '../../reactor/timer-wheel.ts';
import type { Context } from '../context.ts';

export class Alarm implements Timed {
  deadline = 0;
  wheelTick = -1;
  readonly #context: Context;
  readonly #ring: () => void;

  constructor(context: Context, ring: () => void) {
    this.#context = context;
    this.#ring = ring;
  }

  /** Rings once, `ms` from now or up to 5 ms later; what was set before is forgotten. */
  set(ms: number): void {
    const { deadlines } = this.#context.exchanges;
    deadlines.clear(this);
    deadlines.set(this, ms);
  }

  clear(): void {
    this.#context.exchanges.deadlines.clear(this);
  }

  onDeadline(): void {
    this.#ring();
  }
}
