/**
 * Every OpenSSL object that a data thread holds, in shared memory, for the same reason as the descriptor table: when the thread
 * dies, main frees them. Connections lie at the place of their socket; contexts and sessions take any free place, and their number
 * is limited by it.
 */
import type { LibSsl } from '../libssl.ts';

export const MAX_CONTEXTS = 1024;
export const MAX_SESSIONS = 4096;
const SHARED_PLACES = MAX_CONTEXTS + MAX_SESSIONS;

export type Kept = 'context' | 'session';

export class NativeTable {
  readonly #cells: BigUint64Array;
  readonly #sockets: number;
  /** Where the search for a free place begins. */
  #next = { context: 0, session: 0 };

  /** @param at place in `shared`, a multiple of 8 */
  constructor(shared: SharedArrayBuffer, at: number, sockets: number) {
    this.#cells = new BigUint64Array(shared, at, sockets + SHARED_PLACES);
    this.#sockets = sockets;
  }

  static bytesFor(sockets: number): number {
    return (sockets + SHARED_PLACES) * 8;
  }

  /** Remembers the SSL object of the socket at `slot`; 0n = none. */
  setConnection(slot: number, ssl: bigint): void {
    this.#cells[slot] = ssl;
  }

  /** Remembers a context or a session. Returns its place, or -1 when there are too many. */
  keep(kind: Kept, pointer: bigint): number {
    const first = this.#sockets + (kind === 'context' ? 0 : MAX_CONTEXTS);
    const count = kind === 'context' ? MAX_CONTEXTS : MAX_SESSIONS;
    for (let i = 0; i < count; i++) {
      const place = first + ((this.#next[kind] + i) % count);
      if (this.#cells[place] !== 0n) continue;
      this.#cells[place] = pointer;
      this.#next[kind] = place - first + 1;
      return place;
    }
    return -1;
  }

  at(place: number): bigint {
    return this.#cells[place];
  }

  /** Forgets what lies at `place` and returns it, for the caller to free. */
  release(place: number): bigint {
    const pointer = this.#cells[place];
    this.#cells[place] = 0n;
    return pointer;
  }

  /** Objects held. */
  get count(): number {
    return this.#cells.reduce((count, pointer) => (pointer === 0n ? count : count + 1), 0);
  }

  /** For the end of the thread, by itself or by main after it: frees everything. `bind` is called if there is anything. */
  freeAll(bind: () => LibSsl): void {
    if (this.#cells.every((pointer) => pointer === 0n)) return;
    const lib = bind();
    const sessions = this.#sockets + MAX_CONTEXTS;
    for (let place = 0; place < this.#cells.length; place++) {
      const pointer = this.release(place);
      if (pointer === 0n) continue;
      if (place < this.#sockets) lib.SSL_free(pointer);
      else if (place < sessions) lib.SSL_CTX_free(pointer);
      else lib.SSL_SESSION_free(pointer);
    }
  }
}
