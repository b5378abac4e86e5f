import type { Acceptor } from './acceptor.ts';
import type { Dialler } from './dialler.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { HandlerFaults } from './handler-faults.ts';
import type { Interest } from './interest.ts';
import type { Kernel } from './kernel.ts';
import type { Listener } from './listener.ts';
import type { SlotTable, Wake } from './slot-table.ts';
import { Socket } from './socket.ts';
import type { Timers } from './timers.ts';
import type { TurnEnd } from './turn-end.ts';

/** A retry may fail at once and be retried: bounded, the rest waits for the next turn. */
const MAX_SETTLE_ROUNDS = 16;

/** The order of things within one turn. */
export class Loop {
  readonly #kernel: Kernel;
  readonly #slots: SlotTable;
  readonly #timers: Timers;
  readonly #interest: Interest;
  readonly #faults: HandlerFaults;
  readonly #dialler: Dialler;
  readonly #dispatcher: Dispatcher;
  readonly #acceptor: Acceptor;
  readonly #turnEnd: TurnEnd;

  constructor(
    kernel: Kernel,
    slots: SlotTable,
    timers: Timers,
    interest: Interest,
    faults: HandlerFaults,
    dialler: Dialler,
    dispatcher: Dispatcher,
    acceptor: Acceptor,
    turnEnd: TurnEnd,
  ) {
    this.#kernel = kernel;
    this.#slots = slots;
    this.#timers = timers;
    this.#interest = interest;
    this.#faults = faults;
    this.#dialler = dialler;
    this.#dispatcher = dispatcher;
    this.#acceptor = acceptor;
    this.#turnEnd = turnEnd;
  }

  /** Waits at most `limitMs` for events, handles them, then what they have caused. */
  turn(limitMs: number): void {
    this.#interest.apply();
    // What was dialled or failed after the last turn had looked is taken up at once.
    const urgent = this.#dialler.hasDialled || this.#interest.hasFailures || this.#turnEnd.hasWork;
    const n = this.#interest.wait(urgent ? 0 : this.#timers.untilNext(limitMs));
    this.#timers.readClock();
    for (let i = 0; i < n; i++) {
      const entry = this.#slots.find(this.#kernel.eventSlot(i), this.#kernel.eventGeneration(i));
      if (entry instanceof Socket) this.#dispatcher.dispatch(entry, this.#kernel.eventMask(i));
      else if (entry !== null) this.#serve(entry);
    }
    // Before the timers: a connection that already took bytes must not be told that connecting timed out.
    this.#dialler.announce();
    this.#timers.fire(this.#faults.onTimerThrow);
    this.#turnEnd.run(this.#faults.onTimerThrow);
    this.#settle();
    this.#slots.recycle();
  }

  #serve(entry: Listener | Wake): void {
    try {
      if (entry.kind === 'listener') return this.#acceptor.accept(entry);
      this.#kernel.drainEvent(entry.fd);
      entry.wake();
    } catch (error) {
      this.#faults.report(error);
    }
  }

  /** Connections dialled and failures found in this turn; handling one may cause the other, so both until nothing is left. */
  #settle(): void {
    for (let round = 0; round < MAX_SETTLE_ROUNDS; round++) {
      this.#dialler.announce();
      this.#dispatcher.reportFailures();
      this.#interest.apply();
      if (!this.#interest.hasFailures && !this.#dialler.hasDialled) return;
    }
  }
}
