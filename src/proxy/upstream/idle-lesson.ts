/** What an endpoint's server does with connections that are not in use, learned from what it says and what it does. Pure. */

/** Idle time up to which a request that must not be sent twice uses a connection, unless the server is known to be quicker. */
const UNSAFE_MS = 1_000;
/** Stop using a connection this long before the server would close it, or halfway where that leaves too little. */
const MARGIN_MS = 1_000;
/** A server that closed a connection sooner than this was not counting idle time: it stops, or closes as it likes. */
const PLAUSIBLE_MS = 1_000;
/** What was seen is believed for so long: servers are restarted, settings change. */
const MEMORY_MS = 60_000;

export class IdleLesson {
  /** Shortest idle time after which the server has lately closed a connection. */
  #closedAfterMs = Number.POSITIVE_INFINITY;
  #learnedAt = 0;

  /** The server closed a connection that had been idle for `idleMs`. */
  observeClose(now: number, idleMs: number): void {
    if (idleMs > this.#closedAfter(now)) return;
    this.#closedAfterMs = idleMs;
    this.#learnedAt = now;
  }

  /**
   * How long a connection may wait for its next request; <= 0: not at all.
   * @param saysMs what the server has announced (Keep-Alive: timeout), -1 = nothing
   * @param limitMs our own limit
   */
  keepFor(now: number, saysMs: number, limitMs: number): number {
    const seenMs = this.#closedAfter(now);
    const kept = seenMs >= PLAUSIBLE_MS ? Math.min(limitMs, before(seenMs)) : limitMs;
    return saysMs < 0 ? kept : Math.min(kept, before(saysMs));
  }

  /** How long a connection may have been idle to be used by a request that must not be sent twice. */
  unsafeFor(now: number, saysMs: number): number {
    const seenMs = Math.min(UNSAFE_MS, this.#closedAfter(now) / 2);
    return saysMs < 0 ? seenMs : Math.min(seenMs, saysMs / 2);
  }

  #closedAfter(now: number): number {
    return now - this.#learnedAt > MEMORY_MS ? Number.POSITIVE_INFINITY : this.#closedAfterMs;
  }
}

function before(ms: number): number {
  return ms - Math.min(MARGIN_MS, ms / 2);
}
