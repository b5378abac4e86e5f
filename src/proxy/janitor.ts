/**
 * Looks around a data thread every second: for clients that keep a message waiting, and, while memory is short, for any peer that
 * holds buffers and does not move. It costs the connections nothing while they are busy.
 */
import { ENOBUFS } from '../reactor/errno.ts';
import type { Reactor } from '../reactor/reactor.ts';
import type { Socket } from '../reactor/socket.ts';
import type { Timed } from '../reactor/timer-wheel.ts';

/** Between two looks, in ms, unless the stall limit needs more. */
const PERIOD_MS = 1_000;
/** Looks within a stall limit. */
const LOOKS = 4;
/** Share of the large buffers below which memory is short. */
const SHORT = 1 / 4;
/** With memory short, a peer that takes nothing for this long loses its connection. */
const SHORT_STALL_MS = 3_000;

export interface Watched {
  readonly socket: Socket;
  /** Where the janitor keeps it, -1 = nowhere. Owned by the janitor. */
  place: number;
  /** Acts when its client has stalled. `now` in ms of the reactor's clock. */
  look(now: number): void;
}

interface Mark {
  written: number;
  since: number;
}

export class Janitor implements Timed {
  deadline = 0;
  wheelTick = -1;
  readonly #reactor: Reactor;
  readonly #periodMs: number;
  readonly #lookMs: number;
  /** The first `#count` are watched. Not a Set: its outgrown tables would carry closed connections into the old generation. */
  readonly #watched: (Watched | null)[] = [];
  #count = 0;
  readonly #enough: number;
  #lookedAt = 0;
  /** Peers with buffers that have not moved, while memory is short. */
  #marks = new Map<Socket, Mark>();

  /** @param stallMs the stall limit that the watched connections keep to */
  constructor(reactor: Reactor, stallMs: number) {
    this.#reactor = reactor;
    this.#lookMs = stallMs / LOOKS;
    this.#periodMs = Math.min(PERIOD_MS, this.#lookMs);
    this.#enough = reactor.slab.largeChunks * SHORT;
  }

  start(): void {
    this.#reactor.schedule(this, this.#periodMs);
  }

  add(connection: Watched): void {
    if (connection.place >= 0) return;
    connection.place = this.#count;
    this.#watched[this.#count++] = connection;
  }

  remove(connection: Watched): void {
    const { place } = connection;
    if (place < 0) return;
    connection.place = -1;
    const last = this.#watched[--this.#count];
    this.#watched[this.#count] = null;
    if (last === connection || last === null) return;
    last.place = place;
    this.#watched[place] = last;
  }

  onDeadline(now: number): void {
    this.#reactor.schedule(this, this.#periodMs);
    if (now - this.#lookedAt >= this.#lookMs) {
      this.#lookedAt = now;
      this.#look(now);
    }
    if (this.#reactor.slab.freeLargeChunks < this.#enough) this.#relieve(now);
    else if (this.#marks.size > 0) this.#marks = new Map();
  }

  /** From the end: one that goes away meanwhile is replaced by one that was looked at already. */
  #look(now: number): void {
    for (let i = this.#count - 1; i >= 0; i--) {
      const connection = this.#watched[i];
      if (connection !== null) this.#reactor.runFor(connection.socket, () => connection.look(now));
    }
  }

  /** Cuts the peers that have held buffers longest. */
  #relieve(now: number): void {
    const before = this.#marks;
    this.#marks = new Map();
    this.#reactor.forEachSocket((socket) => {
      if (socket.pending === null || socket.connecting) return;
      const mark = before.get(socket);
      if (mark === undefined || mark.written !== socket.bytesWritten)
        this.#marks.set(socket, { written: socket.bytesWritten, since: now });
      else if (now - mark.since >= SHORT_STALL_MS) this.#reactor.fail(socket, ENOBUFS);
      else this.#marks.set(socket, mark);
    });
  }
}
