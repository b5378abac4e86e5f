/**
 * Deadlines of exchanges, set and taken back with every request: kept on a wheel of their own, from which an exchange that is over
 * is really taken out, so that a minute's deadline does not keep a minute's requests in memory.
 */
import type { Reactor } from '../../reactor/reactor.ts';
import { TICK_MS, type Timed, TimerWheel } from '../../reactor/timer-wheel.ts';

export class Deadlines implements Timed {
  deadline = 0;
  wheelTick = -1;
  readonly #reactor: Reactor;
  readonly #wheel: TimerWheel;
  #count = 0;

  constructor(reactor: Reactor) {
    this.#reactor = reactor;
    this.#wheel = new TimerWheel(reactor.now);
  }

  /** Fires `timed.onDeadline` 0 to 2 ticks after `ms` from now. It must not be set already. */
  set(timed: Timed, ms: number): void {
    const { now } = this.#reactor;
    // Asleep since nothing was left: the wheel is brought up to the present first.
    if (this.deadline === 0) {
      this.#advance(now);
      this.#reactor.schedule(this, TICK_MS);
    }
    this.#count++;
    this.#wheel.schedule(timed, now + ms);
  }

  /** Takes it back, fired or not. Call it once for each `set`. */
  clear(timed: Timed): void {
    this.#count--;
    this.#wheel.remove(timed);
  }

  onDeadline(now: number): void {
    this.#advance(now);
    if (this.#count > 0) this.#reactor.schedule(this, TICK_MS);
  }

  #advance(now: number): void {
    this.#wheel.advance(now, (_timed, error) => this.#reactor.onHandlerError(error));
  }
}
