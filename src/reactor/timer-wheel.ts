/**
 * A timer wheel; each data thread has a coarse one for connections and a fine one for requests. Moving a deadline later costs one assignment: the entry is found again when its
 * old place comes round and is put further along.
 */

/** Resolution in ms of the wheel for connections; a timer fires 0..TICK_MS late. */
export const TICK_MS = 50;
/** ... and of the one for requests. */
export const FINE_TICK_MS = 5;
const BUCKETS = 1024;

/** Something that can expire. `deadline` is in ms of the reactor's monotonic clock, 0 = none. */
export interface Timed {
  deadline: number;
  /** Tick of the wheel place this entry lies in, -1 when in none. Owned by the wheel. */
  wheelTick: number;
  onDeadline(now: number): void;
}

export class TimerWheel {
  readonly #buckets: Timed[][] = Array.from({ length: BUCKETS }, () => []);
  readonly #tickMs: number;
  #tick: number;

  constructor(now: number, tickMs = TICK_MS) {
    this.#tickMs = tickMs;
    this.#tick = Math.floor(now / tickMs);
  }

  /** ms until a place that is not empty comes round, at most `limitMs`; only the places in between are looked at. */
  untilNext(now: number, limitMs: number): number {
    const last = Math.floor((now + limitMs) / this.#tickMs);
    for (let tick = this.#tick + 1; tick <= last; tick++) {
      if (this.#buckets[tick % BUCKETS].length > 0) return Math.max(0, Math.ceil(tick * this.#tickMs - now));
    }
    return limitMs;
  }

  /** Sets or moves the deadline to `deadline` (ms, monotonic). */
  schedule(timed: Timed, deadline: number): void {
    timed.deadline = deadline;
    const tick = Math.max(this.#tick + 1, Math.ceil(deadline / this.#tickMs));
    if (timed.wheelTick >= 0 && timed.wheelTick <= tick) return;
    this.#take(timed);
    this.#place(timed, tick);
  }

  cancel(timed: Timed): void {
    timed.deadline = 0;
  }

  /** Cancels, and forgets the entry: nothing of a closed connection is kept until its old deadline. */
  remove(timed: Timed): void {
    timed.deadline = 0;
    this.#take(timed);
  }

  /** Fires everything due at `now`; what an entry throws goes to `onThrow`, the others fire all the same. */
  advance(now: number, onThrow: (timed: Timed, error: unknown) => void): void {
    const target = Math.floor(now / this.#tickMs);
    // After a long pause (SIGSTOP, a sleeping VM) every bucket is visited once, not once per missed tick.
    if (target - this.#tick > BUCKETS) this.#tick = target - BUCKETS;
    while (this.#tick < target) {
      this.#tick++;
      this.#expire(now, onThrow);
    }
  }

  #place(timed: Timed, tick: number): void {
    timed.wheelTick = tick;
    this.#buckets[tick % BUCKETS].push(timed);
  }

  /** Takes an entry out of its bucket. Short-lived ones lie near the end. */
  #take(timed: Timed): void {
    if (timed.wheelTick < 0) return;
    const bucket = this.#buckets[timed.wheelTick % BUCKETS];
    timed.wheelTick = -1;
    let at = bucket.length - 1;
    while (at >= 0 && bucket[at] !== timed) at--;
    if (at < 0) return;
    const last = bucket.pop();
    if (last !== undefined && last !== timed) bucket[at] = last;
  }

  #expire(now: number, onThrow: (timed: Timed, error: unknown) => void): void {
    const index = this.#tick % BUCKETS;
    const due = this.#buckets[index];
    if (due.length === 0) return;
    this.#buckets[index] = [];
    for (const timed of due) {
      // An entry taken out or re-placed by a callback of this very loop is recognised by its tick and dropped.
      const { wheelTick } = timed;
      if (wheelTick % BUCKETS !== index) continue;
      if (wheelTick > this.#tick) {
        this.#buckets[index].push(timed);
        continue;
      }
      timed.wheelTick = -1;
      if (timed.deadline === 0) continue;
      if (timed.deadline > now) this.#place(timed, Math.max(this.#tick + 1, Math.ceil(timed.deadline / this.#tickMs)));
      else {
        timed.deadline = 0;
        try {
          timed.onDeadline(now);
        } catch (error) {
          onThrow(timed, error);
        }
      }
    }
  }
}
