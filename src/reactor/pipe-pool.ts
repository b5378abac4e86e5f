import type { DescriptorTable } from './descriptor-table.ts';
import type { Kernel } from './kernel.ts';
import type { SlotTable } from './slot-table.ts';
import type { Socket } from './socket.ts';
import { SplicePipe } from './splice-pipe.ts';
import type { Timed } from './timer-wheel.ts';

/**
 * Pipes lent out at once, and the bytes that each may hold. What lies in a pipe is no longer counted against the buffers of its
 * socket: peers that read nothing hold at most the product.
 */
const MAX_PIPES = 128;
const LENT_BYTES = 512 * 1024;
/** A pipe that nobody needed for so long is closed. */
const SPARE_MS = 5_000;

/** Calls `onDeadline` about `ms` from now. */
export type Schedule = (timed: Timed, ms: number) => void;

/** A pipe of the pool in the hands of one connection, which closes it if it ends in the middle. */
export class LentPipe {
  readonly pipe: SplicePipe;
  /** Its place in the table of descriptors, for as long as it is open. */
  readonly slot: number;
  readonly #pool: PipePool;

  constructor(pool: PipePool, pipe: SplicePipe, slot: number) {
    this.#pool = pool;
    this.pipe = pipe;
    this.slot = slot;
  }

  close(): void {
    this.#pool.drop(this);
  }
}

/** Pipes for bodies, kept for the next ones: opening, sizing and closing one costs as much as moving 30 KiB. */
export class PipePool implements Timed {
  deadline = 0;
  wheelTick = -1;
  readonly #kernel: Kernel;
  readonly #descriptors: DescriptorTable;
  readonly #slots: SlotTable;
  readonly #free: LentPipe[] = [];
  readonly #schedule: Schedule;
  #open = 0;
  /** The fewest that were free since the last deadline: nobody needed these. */
  #spare = 0;

  constructor(kernel: Kernel, descriptors: DescriptorTable, slots: SlotTable, schedule: Schedule) {
    this.#schedule = schedule;
    this.#kernel = kernel;
    this.#descriptors = descriptors;
    this.#slots = slots;
  }

  /**
   * Begins raw mode on `source` (see `Reactor.setRaw`), with an empty pipe that takes exactly `length` bytes of it. Null when all are
   * in use or descriptors are short: go on copying.
   */
  lend(source: Socket, length: number): SplicePipe | null {
    const lent = this.#free.pop() ?? this.#openOne();
    if (lent === null) return null;
    this.#spare = Math.min(this.#spare, this.#free.length);
    lent.pipe.left = length;
    source.pipe = lent;
    return lent.pipe;
  }

  /** Ends the raw mode that `lend` began. The pipe is for the next body, unless this one left something in it. */
  takeBack(source: Socket): void {
    const { pipe: lent } = source;
    if (source.fd < 0 || !(lent instanceof LentPipe)) return;
    source.pipe = null;
    if (lent.pipe.held > 0 || lent.pipe.ended) return this.drop(lent);
    this.#free.push(lent);
    if (this.deadline === 0) this.#schedule(this, SPARE_MS);
  }

  onDeadline(): void {
    for (const lent of this.#free.splice(0, this.#spare)) this.drop(lent);
    this.#spare = this.#free.length;
    if (this.#spare > 0) this.#schedule(this, SPARE_MS);
  }

  /** Closes a pipe that was lent. */
  drop({ pipe, slot }: LentPipe): void {
    this.#open--;
    this.#descriptors.clearPipe(slot);
    this.#slots.giveBack(slot);
    pipe.close();
  }

  #openOne(): LentPipe | null {
    if (this.#open === MAX_PIPES) return null;
    const slot = this.#slots.take();
    if (slot < 0) return null;
    const pipe = SplicePipe.open(this.#kernel, LENT_BYTES);
    if (pipe === null) {
      this.#slots.giveBack(slot);
      return null;
    }
    this.#open++;
    const { read, write } = pipe.descriptors;
    this.#descriptors.setPipe(slot, read, write);
    return new LentPipe(this, pipe, slot);
  }
}
