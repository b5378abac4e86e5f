/** Connections that dialled a service whose view is not here yet: held for a bounded time and in bounded number. */
import type { Reactor } from '../reactor/reactor.ts';
import type { Timed } from '../reactor/timer-wheel.ts';

const MAX_WAITING = 4096;

type Done = (arrived: boolean) => void;

class Wait implements Timed {
  deadline = 0;
  wheelTick = -1;
  readonly onDeadline: () => void;
  readonly done: Done;

  constructor(done: Done, expire: () => void) {
    this.done = done;
    this.onDeadline = expire;
  }
}

export class ViewWaiters {
  readonly #reactor: Reactor;
  readonly #timeoutMs: number;
  readonly #need: (key: string) => void;
  readonly #waiting = new Map<string, Set<Wait>>();
  #count = 0;

  /** @param need asks main for a view; called once for each service while somebody waits */
  constructor(reactor: Reactor, timeoutMs: number, need: (key: string) => void) {
    this.#reactor = reactor;
    this.#timeoutMs = timeoutMs;
    this.#need = need;
  }

  /** Calls `done` later: true when the view came, false when it did not in time or there are too many waiting. */
  wait(key: string, done: Done): void {
    if (this.#count >= MAX_WAITING) return done(false);
    let waits = this.#waiting.get(key);
    if (waits === undefined) {
      waits = new Set();
      this.#waiting.set(key, waits);
      this.#need(key);
    }
    const wait = new Wait(done, () => this.#expire(key, wait));
    waits.add(wait);
    this.#count++;
    this.#reactor.schedule(wait, this.#timeoutMs);
  }

  /** The view of `key` arrived, or main says that there is none. */
  settle(key: string, arrived: boolean): void {
    const waits = this.#waiting.get(key);
    if (waits === undefined) return;
    this.#waiting.delete(key);
    this.#count -= waits.size;
    for (const wait of waits) {
      wait.deadline = 0;
      wait.done(arrived);
    }
  }

  #expire(key: string, wait: Wait): void {
    const waits = this.#waiting.get(key);
    if (waits === undefined || !waits.delete(wait)) return;
    this.#count--;
    if (waits.size === 0) this.#waiting.delete(key);
    wait.done(false);
  }
}
