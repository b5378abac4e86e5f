import type { NativeTable } from './native-table.ts';
import type { TlsLibrary } from './tls-library.ts';

/** Peers of one context whose last session is kept. */
const MAX_PEERS = 256;

interface Kept {
  /** In the table. */
  readonly place: number;
  /** Wall-clock ms until which what was verified holds; Infinity = the peer's own certificate alone decides. */
  readonly untilMs: number;
}

/**
 * The last session with each peer, so that the next connection saves the exchange of certificates. It belongs to one context:
 * a session never outlives the trust under which it began.
 */
export class SessionCache {
  readonly #library: TlsLibrary;
  readonly #natives: NativeTable;
  /** The one used longest ago comes first. */
  readonly #kept = new Map<string, Kept>();
  #closed = false;

  constructor(library: TlsLibrary) {
    this.#library = library;
    this.#natives = library.natives;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Proposes what is known of the peer to a new connection. Returns until when that holds, as `store` was told; 0 = nothing known. */
  offer(peer: string, ssl: bigint): number {
    const kept = this.#kept.get(peer);
    if (kept === undefined) return 0;
    const session = this.#natives.at(kept.place);
    if (!this.#isUsable(session) || this.#library.wallClock() >= kept.untilMs) {
      this.#forget(peer, kept);
      return 0;
    }
    this.#library.lib.SSL_set_session(ssl, session);
    this.#kept.delete(peer);
    this.#kept.set(peer, kept);
    return kept.untilMs;
  }

  /** Keeps the session of an established connection. Returns false when it cannot be resumed (yet). */
  store(peer: string, ssl: bigint, untilMs: number): boolean {
    if (this.#closed) return true;
    const { lib } = this.#library;
    const session = lib.SSL_get1_session(ssl);
    if (session === 0n) return false;
    if (lib.SSL_SESSION_is_resumable(session) !== 1) {
      lib.SSL_SESSION_free(session);
      return false;
    }
    const old = this.#kept.get(peer);
    if (old !== undefined) this.#forget(peer, old);
    for (const [longest, kept] of this.#kept) {
      if (this.#kept.size < MAX_PEERS) break;
      this.#forget(longest, kept);
    }
    const place = this.#natives.keep('session', session);
    if (place < 0) lib.SSL_SESSION_free(session);
    else this.#kept.set(peer, { place, untilMs });
    return true;
  }

  clear(): void {
    this.#closed = true;
    for (const [peer, kept] of this.#kept) this.#forget(peer, kept);
  }

  /** A resumed connection is not verified again: it must not outlive the certificate that was. */
  #isUsable(session: bigint): boolean {
    const { lib } = this.#library;
    const peer = lib.SSL_SESSION_get0_peer(session);
    const ended = peer !== 0n && lib.X509_cmp_current_time(lib.X509_get0_notAfter(peer)) <= 0;
    return !ended && lib.SSL_SESSION_is_resumable(session) === 1;
  }

  #forget(peer: string, { place }: Kept): void {
    this.#kept.delete(peer);
    this.#library.lib.SSL_SESSION_free(this.#natives.release(place));
  }
}
