/**
 * Deadlines of exchanges, set and taken back with every request: on the reactor's fine wheel, from which an exchange that is over is
 * really taken out, so that a minute's deadline does not keep a minute's requests in memory.
 */
import type { Reactor } from '../../reactor/reactor.ts';
import type { Timed } from '../../reactor/timer-wheel.ts';

export class Deadlines {
  readonly #reactor: Reactor;

  constructor(reactor: Reactor) {
    this.#reactor = reactor;
  }

  /** Fires `timed.onDeadline` `ms` from now, 0 to 5 ms late. */
  set(timed: Timed, ms: number): void {
    this.#reactor.scheduleFine(timed, ms);
  }

  /** Takes it back, fired or not. */
  clear(timed: Timed): void {
    this.#reactor.forgetFine(timed);
  }
}
