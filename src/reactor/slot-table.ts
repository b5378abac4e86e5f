import type { Listener } from './listener.ts';
import { Socket, type SocketHandler } from './socket.ts';
import type { SockAddr } from './socket-address.ts';

/** An eventfd that other threads signal. */
export interface Wake {
  readonly kind: 'wake';
  readonly fd: number;
  readonly wake: () => void;
}

export type Entry = Socket | Listener | Wake;

/**
 * The places of everything that epoll watches. An event names a place and its generation, and a vacated place is given out
 * again only after the turn, with the next generation: an event for what was there is never taken for what is there now.
 */
export class SlotTable {
  /** Connections among the entries. */
  openSockets = 0;
  readonly #entries: (Entry | null)[];
  readonly #generations: Uint32Array;
  readonly #free: number[] = [];
  /** Vacated in this turn: events of this batch that still name them must find them empty. */
  readonly #vacated: number[] = [];
  /** Places from here on were never used. */
  #highest = 0;

  constructor(size: number) {
    this.#entries = new Array<Entry | null>(size).fill(null);
    this.#generations = new Uint32Array(size);
  }

  /** A place to fill or to give back; -1 when none is left. */
  take(): number {
    const slot = this.#free.pop();
    if (slot !== undefined) return slot;
    return this.#highest < this.#entries.length ? this.#highest++ : -1;
  }

  /** Takes back a place that was never filled. */
  giveBack(slot: number): void {
    this.#free.push(slot);
  }

  generationOf(slot: number): number {
    return this.#generations[slot];
  }

  put(slot: number, entry: Listener | Wake): void {
    this.#entries[slot] = entry;
  }

  /** Makes a connection of a descriptor. */
  adopt(slot: number, fd: number, handler: SocketHandler, peer: SockAddr | null): Socket {
    const socket = new Socket(fd, slot, this.#generations[slot], handler, peer);
    this.#entries[slot] = socket;
    this.openSockets++;
    return socket;
  }

  at(slot: number): Entry | null {
    return this.#entries[slot];
  }

  /** What an event is for; null when it has gone. */
  find(slot: number, generation: number): Entry | null {
    return this.#generations[slot] === generation ? this.#entries[slot] : null;
  }

  vacate(slot: number): void {
    if (this.#entries[slot] instanceof Socket) this.openSockets--;
    this.#entries[slot] = null;
    this.#vacated.push(slot);
  }

  /** At the end of the turn: what was vacated may be taken again. */
  recycle(): void {
    if (this.#vacated.length === 0) return;
    for (const slot of this.#vacated) {
      this.#generations[slot]++;
      this.#free.push(slot);
    }
    this.#vacated.length = 0;
  }

  /** Forgets everything, for the end of the thread. */
  clear(): void {
    this.#entries.fill(null);
    this.openSockets = 0;
  }

  /** Visits every entry; `callback` may vacate it. */
  forEach(callback: (entry: Entry) => void): void {
    for (let slot = 0; slot < this.#highest; slot++) {
      const entry = this.#entries[slot];
      if (entry !== null) callback(entry);
    }
  }
}
