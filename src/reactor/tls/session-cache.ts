import type { LibSsl } from '../libssl.ts';
import type { NativeTable } from './native-table.ts';

/** Peers of one context whose last session is kept. */
const MAX_PEERS = 256;

/**
 * The last session with each peer, so that the next connection saves the exchange of certificates. It belongs to one context:
 * a session never outlives the trust under which it began.
 */
export class SessionCache {
  readonly #lib: LibSsl;
  readonly #natives: NativeTable;
  /** Peer -> place in the table; the one used longest ago comes first. */
  readonly #places = new Map<string, number>();
  #closed = false;

  constructor(lib: LibSsl, natives: NativeTable) {
    this.#lib = lib;
    this.#natives = natives;
  }

  get size(): number {
    return this.#places.size;
  }

  /** Proposes what is known of the peer to a new connection. */
  offer(peer: string, ssl: bigint): void {
    const place = this.#places.get(peer);
    if (place === undefined) return;
    const session = this.#natives.at(place);
    if (!this.#isUsable(session)) return this.#forget(peer, place);
    this.#lib.SSL_set_session(ssl, session);
    this.#places.delete(peer);
    this.#places.set(peer, place);
  }

  /** Keeps the session of an established connection. Returns false when it cannot be resumed (yet). */
  store(peer: string, ssl: bigint): boolean {
    if (this.#closed) return true;
    const session = this.#lib.SSL_get1_session(ssl);
    if (session === 0n) return false;
    if (this.#lib.SSL_SESSION_is_resumable(session) !== 1) {
      this.#lib.SSL_SESSION_free(session);
      return false;
    }
    const old = this.#places.get(peer);
    if (old !== undefined) this.#forget(peer, old);
    for (const [longest, place] of this.#places) {
      if (this.#places.size < MAX_PEERS) break;
      this.#forget(longest, place);
    }
    const place = this.#natives.keep('session', session);
    if (place < 0) this.#lib.SSL_SESSION_free(session);
    else this.#places.set(peer, place);
    return true;
  }

  clear(): void {
    this.#closed = true;
    for (const [peer, place] of this.#places) this.#forget(peer, place);
  }

  /** A resumed connection is not verified again: it must not outlive the certificate that was. */
  #isUsable(session: bigint): boolean {
    const peer = this.#lib.SSL_SESSION_get0_peer(session);
    const ended = peer !== 0n && this.#lib.X509_cmp_current_time(this.#lib.X509_get0_notAfter(peer)) <= 0;
    return !ended && this.#lib.SSL_SESSION_is_resumable(session) === 1;
  }

  #forget(peer: string, place: number): void {
    this.#places.delete(peer);
    this.#lib.SSL_SESSION_free(this.#natives.release(place));
  }
}
