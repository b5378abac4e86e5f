/**
 * The clock of the quotas: that of the NATS server as its records tell it, carried on by this process's monotonic clock. So
 * controls agree on when a window ends, and nobody's setting of a clock cuts one short: a difference is made up slowly, and a
 * record of a window that begins later than now is believed, since another control opened it. Pure: time is an argument.
 */

/** ms per ms by which the clock is brought closer to the server's: more than two good clocks drift apart. */
const SLEW = 0.000_5;

export class QuotaClock {
  /** Server's time less monotonic time; null: not known yet. */
  #offset: number | null = null;
  #sampledAt = 0;

  /** The server stamped a record with `serverMs` between two moments of the monotonic clock. */
  sample(beforeMs: number, afterMs: number, serverMs: number): void {
    const offset = serverMs - (beforeMs + afterMs) / 2;
    if (this.#offset === null) this.#offset = offset;
    else {
      const most = Math.max(0, afterMs - this.#sampledAt) * SLEW;
      this.#offset += Math.min(most, Math.max(-most, offset - this.#offset));
    }
    this.#sampledAt = afterMs;
  }

  /** A window that began at `startMs` was seen: it is no earlier than that. */
  witness(startMs: number, monotonicMs: number): void {
    if (this.#offset !== null) this.#offset = Math.max(this.#offset, startMs - monotonicMs);
  }

  /** ms since 1970; null: the server was not asked yet. */
  at(monotonicMs: number): number | null {
    return this.#offset === null ? null : monotonicMs + this.#offset;
  }
}
