import { DelayQueue, SWEEP_MS } from './delay-queue.ts';
import { FINE_TICK_MS, type Timed, TimerWheel } from './timer-wheel.ts';

/** The reactor's clock, read once per turn, and everything that waits for it. */
export class Timers {
  /** ms, monotonic. */
  now = performance.now();
  readonly silence: DelayQueue;
  readonly sweeps = new DelayQueue(SWEEP_MS);
  readonly #wheel = new TimerWheel(this.now);
  readonly #fine = new TimerWheel(this.now, FINE_TICK_MS);

  constructor(silenceMs: number) {
    this.silence = new DelayQueue(silenceMs);
  }

  readClock(): void {
    this.now = performance.now();
  }

  /** ms that the loop may sleep, at most `limitMs`. The coarse wheel is not asked: it needs a look per tick, which `limitMs` allows. */
  untilNext(limitMs: number): number {
    const queued = this.sweeps.untilNext(this.now, this.silence.untilNext(this.now, limitMs));
    return this.#fine.untilNext(this.now, queued);
  }

  schedule(timed: Timed, ms: number): void {
    this.#wheel.schedule(timed, this.now + ms);
  }

  forget(timed: Timed): void {
    this.#wheel.remove(timed);
  }

  /** As `schedule`, 0..FINE_TICK_MS late: for what must be taken back by `forgetFine` and by nothing else. */
  scheduleFine(timed: Timed, ms: number): void {
    this.#fine.schedule(timed, this.now + ms);
  }

  forgetFine(timed: Timed): void {
    this.#fine.remove(timed);
  }

  /** Fires what is due; what one throws goes to `onThrow`, the others fire all the same. */
  fire(onThrow: (timed: object, error: unknown) => void): void {
    this.silence.advance(this.now, onThrow);
    this.sweeps.advance(this.now, onThrow);
    this.#fine.advance(this.now, onThrow);
    this.#wheel.advance(this.now, onThrow);
  }
}
