/** One direction of a spliced relay: moves what is there, and lets a fast stream gather first. */
import { type Delayed, SWEEP_MS } from '../reactor/delay-queue.ts';
import type { Reactor } from '../reactor/reactor.ts';
import type { Socket } from '../reactor/socket.ts';
import type { PumpResult, SplicePipe } from '../reactor/splice-pipe.ts';
import { GATHER_BYTES, type GatherPace } from './gather-pace.ts';

export class BulkFlow implements Delayed {
  readonly #reactor: Reactor;
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #pipe: SplicePipe;
  readonly #pace: GatherPace;
  /** Told what a look that nobody asked for has found. */
  readonly #onSwept: (result: PumpResult) => void;
  #movedAt = 0;
  waiting = false;

  constructor(
    reactor: Reactor,
    source: Socket,
    target: Socket,
    pipe: SplicePipe,
    pace: GatherPace,
    onSwept: (result: PumpResult) => void,
  ) {
    this.#reactor = reactor;
    this.#source = source;
    this.#target = target;
    this.#pipe = pipe;
    this.#pace = pace;
    this.#onSwept = onSwept;
  }

  /** The source is readable, or the target writable again. */
  pump(): PumpResult {
    const { now } = this.#reactor;
    const before = this.#source.bytesRead;
    const result = this.#pipe.pump(this.#source, this.#target, this.#pace.gathering);
    this.#movedAt = now;
    if (this.#pace.moved(now, this.#source.bytesRead - before) && typeof result === 'string' && result !== 'ended')
      this.#gather();
    return result;
  }

  #gather(): void {
    this.#reactor.awaitBytes(this.#source, GATHER_BYTES);
    if (!this.waiting) this.#reactor.sweeps.add(this, this.#reactor.now);
  }

  onDelay(now: number): void {
    if (!this.#pace.gathering || this.#source.closed || this.#source.readClosed) return;
    // Blocked by the target: its writability comes first.
    if (now - this.#movedAt >= SWEEP_MS && !this.#source.paused)
      this.#reactor.runFor(this.#source, () => this.#sweep(now));
    if (this.#pace.gathering && !this.#source.closed) this.#reactor.sweeps.add(this, now);
  }

  #sweep(now: number): void {
    const before = this.#source.bytesRead;
    const result = this.#pipe.pump(this.#source, this.#target, true);
    if (this.#pace.swept(now, this.#source.bytesRead - before)) this.#reactor.awaitBytes(this.#source, 1);
    this.#onSwept(result);
  }
}
