/**
 * What a session writes, composed in one chunk of the slab and handed to the socket once per turn. The chunk is taken when there
 * is something to write (small at first) and given back by `flush`. Bytes that the socket does not take are the reactor's; how
 * many of them are not DATA is bounded here, by no longer reading from a peer that does not read.
 */
import { LARGE_CHUNK, type Slab, SlabExhausted, SMALL_CHUNK } from '../../../reactor/slab.ts';
import type { SessionOutput } from './session-types.ts';

export class Output {
  readonly bytes: Buffer;
  readonly #slab: Slab;
  readonly #port: SessionOutput;
  readonly #maxBlocked: number;
  #chunk = -1;
  #to = 0;
  #end = 0;
  #flushRequested = false;
  /** The socket is full: keep DATA back. */
  blocked = false;
  /** Bytes composed while blocked. */
  #blockedBytes = 0;
  #stopsReading = false;
  /** Something was handed to the socket since the last flush. */
  wroteEarly = false;

  constructor(slab: Slab, port: SessionOutput, maxBlocked: number) {
    this.#slab = slab;
    this.bytes = slab.bytes;
    this.#port = port;
    this.#maxBlocked = maxBlocked;
  }

  /** Bytes that can be written at `reserve(0)` without more ado. */
  get room(): number {
    return this.#end - this.#to;
  }

  /** Where `bytes` can be written, at most 64 KiB; `commit` follows. @throws SlabExhausted */
  reserve(bytes: number): number {
    if (this.#to + bytes > this.#end || this.#chunk < 0) this.#makeRoom(bytes);
    return this.#to;
  }

  commit(bytes: number): void {
    this.#to += bytes;
  }

  /** Asks for `session.flush()` although nothing is composed. */
  requestFlush(): void {
    if (this.#flushRequested) return;
    this.#flushRequested = true;
    this.#port.requestFlush();
  }

  /** Writes what is composed and gives the chunk back. */
  flush(): void {
    this.#flushRequested = false;
    if (this.#chunk >= 0) this.#writeOut();
    this.discard();
    this.wroteEarly = false;
  }

  /** Forgets what is composed. */
  discard(): void {
    if (this.#chunk >= 0) this.#slab.release(this.#chunk);
    this.#chunk = -1;
    this.#to = 0;
    this.#end = 0;
  }

  /** The socket took everything. */
  onDrain(): void {
    this.blocked = false;
    this.#blockedBytes = 0;
    if (!this.#stopsReading) return;
    this.#stopsReading = false;
    this.#port.setReading(true);
  }

  #writeOut(): void {
    const length = this.#to - this.#chunk;
    if (length === 0) return;
    this.wroteEarly = true;
    if (this.blocked) this.#blockedBytes += length;
    if (!this.#port.write(this.#chunk, length)) this.blocked = true;
    this.#to = this.#chunk;
    if (this.#blockedBytes <= this.#maxBlocked || this.#stopsReading) return;
    this.#stopsReading = true;
    this.#port.setReading(false);
  }

  #makeRoom(bytes: number): void {
    this.requestFlush();
    if (this.#chunk < 0) return this.#take(bytes <= SMALL_CHUNK ? SMALL_CHUNK : LARGE_CHUNK);
    if (this.#slab.capacity(this.#chunk) === SMALL_CHUNK && this.#enlarge()) return this.#fit(bytes);
    this.#writeOut();
    if (this.#to + bytes <= this.#end) return;
    // Only a small chunk is left, and it is too small.
    throw new SlabExhausted('no buffer left');
  }

  /** After growing: when even that is too small, what is composed goes out first. */
  #fit(bytes: number): void {
    if (this.#to + bytes > this.#end) this.#writeOut();
  }

  #take(bytes: number): void {
    this.#chunk = this.#slab.allocate(bytes);
    this.#to = this.#chunk;
    this.#end = this.#chunk + this.#slab.capacity(this.#chunk);
  }

  /** Moves what is composed to a large chunk; false when none is left. */
  #enlarge(): boolean {
    if (this.#slab.freeLargeChunks === 0) return false;
    const small = this.#chunk;
    const length = this.#to - small;
    this.#take(LARGE_CHUNK);
    this.bytes.copyWithin(this.#to, small, small + length);
    this.#to += length;
    this.#slab.release(small);
    return true;
  }
}
