/**
 * OpenSSL's buffers of connections: about 17 KB for what arrives, and as much for what leaves. By itself OpenSSL frees them after each record
 * (SSL_MODE_RELEASE_BUFFERS) or never; here a connection keeps them while it is busy, and gives them back when it has been quiet.
 */
import type { LibSsl } from '../libssl.ts';
import type { Timed } from '../timer-wheel.ts';
import type { Timers } from '../timers.ts';

/** Most connections that keep their buffers, 9 MB in all; others give them back at once. */
const MAX_HOLDERS = 256;
/** ms; a connection that is quiet gives them back after one to two of these. */
const SWEEP_MS = 1_000;

export interface BufferHolder {
  /** SSL *; 0n once freed, and its buffers with it. */
  readonly ssl: bigint;
  /** Internal: has records since the last sweep. */
  busy: boolean;
  /** Internal: keeps buffers. */
  buffered: boolean;
}

export class TlsBuffers implements Timed {
  deadline = 0;
  wheelTick = -1;
  readonly #lib: LibSsl;
  readonly #timers: Timers;
  readonly #holders: BufferHolder[] = [];

  constructor(lib: LibSsl, timers: Timers) {
    this.#lib = lib;
    this.#timers = timers;
  }

  /** Connections that keep buffers, or were closed since the last sweep. */
  get held(): number {
    return this.#holders.length;
  }

  /** After each call that may have filled buffers. */
  used(holder: BufferHolder): void {
    holder.busy = true;
    if (!holder.buffered) this.#take(holder);
  }

  onDeadline(): void {
    const holders = this.#holders;
    let kept = 0;
    for (const holder of holders) {
      // OpenSSL refuses while a record is there in part: asked again next time.
      if (holder.ssl !== 0n && (holder.busy || this.#lib.SSL_free_buffers(holder.ssl) === 0)) holders[kept++] = holder;
      else holder.buffered = false;
      holder.busy = false;
    }
    holders.length = kept;
    if (kept > 0) this.#timers.schedule(this, SWEEP_MS);
  }

  #take(holder: BufferHolder): void {
    if (this.#holders.length >= MAX_HOLDERS) return void this.#lib.SSL_free_buffers(holder.ssl);
    holder.buffered = true;
    this.#holders.push(holder);
    if (this.#holders.length === 1) this.#timers.schedule(this, SWEEP_MS);
  }
}
