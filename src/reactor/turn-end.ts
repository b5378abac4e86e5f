/** Work put off to the end of the turn, so that what many events produce leaves in one system call. */
import type { Socket } from './socket.ts';

/** Its owner keeps one object for good: nothing is allocated to put work off. */
export interface Deferred {
  /** Given up when the work throws. */
  readonly socket: Socket;
  /** Internal: waits for the end of this turn. */
  deferred: boolean;
  /** May put itself or others off again: those run in the same turn, a bounded number of times. */
  onTurnEnd(): void;
}

/** What is put off at the end of a turn again and again waits for the next turn after this many rounds. */
const MAX_ROUNDS = 8;

export class TurnEnd {
  #waiting: Deferred[] = [];
  #running: Deferred[] = [];
  /** For the end of the next turn. */
  #later: Deferred[] = [];

  get hasWork(): boolean {
    return this.#waiting.length > 0 || this.#later.length > 0;
  }

  add(work: Deferred): void {
    if (work.deferred) return;
    work.deferred = true;
    this.#waiting.push(work);
  }

  /** As `add`, but all that is ready in the next turn comes before it. */
  addLater(work: Deferred): void {
    if (work.deferred) return;
    work.deferred = true;
    this.#later.push(work);
  }

  /** What one throws goes to `onThrow`, the others run all the same. */
  run(onThrow: (socket: Socket, error: unknown) => void): void {
    for (let i = 0; i < this.#later.length; i++) this.#waiting.push(this.#later[i]);
    if (this.#later.length > 0) this.#later.length = 0;
    for (let round = 0; round < MAX_ROUNDS && this.#waiting.length > 0; round++) {
      const batch = this.#waiting;
      this.#waiting = this.#running;
      this.#running = batch;
      for (const work of batch) {
        work.deferred = false;
        try {
          work.onTurnEnd();
        } catch (error) {
          onThrow(work.socket, error);
        }
      }
      batch.length = 0;
    }
  }
}
