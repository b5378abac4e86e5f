/** The two ends of a connection between agents: mutual TLS with SPIFFE identities. */
import { TLSEXT_TYPE_ALPN } from '../../libssl.ts';
import type { SessionCache } from '../session-cache.ts';
import type { TlsLibrary } from '../tls-library.ts';
import type { TlsProblem, TlsReason } from '../tls-reasons.ts';
import type { Objection, TlsRole } from '../tls-role.ts';
import { ALERT_INTERNAL_ERROR, type MeshNegotiator } from './mesh-callbacks.ts';
import { type PeerProof, proveAgain, provePeer } from './peer-proof.ts';
import type { SvidRule } from './svid-rules.ts';

/** After this time the certificates are exchanged and verified again, in s. */
export const TICKET_SECONDS = 3600;
const ALERT_NO_APPLICATION_PROTOCOL = 120;

/** Of the identity that this host shows. */
export interface OwnEnd {
  readonly principal: string;
  /** Wall clock. */
  readonly notAfterMs: number;
}

abstract class MeshRole implements TlsRole, MeshNegotiator {
  abstract readonly side: 'client' | 'server';
  readonly serverName = null;
  readonly expected: readonly string[];
  readonly protocols: readonly string[];
  readonly localPrincipal: string;
  peerPrincipal: string | null = null;
  /** The end of our own certificate, until that of the peer is known. */
  validUntilMs: number;
  refusal = '';
  reason: TlsReason | '' = '';
  protected readonly library: TlsLibrary;
  protected readonly ssl: bigint;
  protected readonly rule: SvidRule;

  constructor(library: TlsLibrary, ssl: bigint, rule: SvidRule, protocols: readonly string[], own: OwnEnd) {
    this.library = library;
    this.ssl = ssl;
    this.rule = rule;
    this.expected = rule.expectedIds ?? [];
    this.protocols = protocols;
    this.localPrincipal = own.principal;
    this.validUntilMs = own.notAfterMs;
  }

  chooseContext(): boolean {
    return true;
  }

  verifyPeer(store: bigint): number {
    return this.#note(provePeer(this.library, store, this.rule));
  }

  /** Nobody gets through without one of our protocols, or without having proven who it is: a resumed session proves it by what it holds. */
  objection(protocol: string): Objection | null {
    if (!this.protocols.includes(protocol)) {
      const got = protocol === '' ? 'none' : 'another one';
      this.refuse('alpn', `the peer chose ${got} of the protocols ${this.protocols.join(', ')} (ALPN)`);
    } else if (this.peerPrincipal === null) {
      const peer = this.library.lib.SSL_get0_peer_certificate(this.ssl);
      if (peer === 0n) this.refuse('no-certificate', 'the peer sent no certificate, which is required here');
      else this.#note(proveAgain(this.library, peer, this.rule));
    }
    return this.reason === '' ? null : 'refusal';
  }

  judgeHello(): number {
    return 0;
  }

  acceptTicket(_session: bigint): boolean {
    return false;
  }

  limitTicket(_session: bigint): void {}

  abstract storeSession(ssl: bigint): boolean;

  /** @param secondsLeft until the first certificate of the peer's chain ends @returns wall-clock ms of that end */
  protected abstract proven(secondsLeft: number): number;

  protected refuse(reason: TlsReason, sentence: string): void {
    this.reason = reason;
    this.refusal = sentence;
  }

  #note(proof: PeerProof): number {
    if (!proof.ok) {
      this.refuse(proof.reason, proof.sentence);
      return proof.code;
    }
    this.peerPrincipal = proof.principal;
    this.validUntilMs = Math.min(this.validUntilMs, this.proven(proof.secondsLeft));
    return 0;
  }
}

/** What the connections of one target share. */
export interface MeshClientParts {
  readonly sessions: SessionCache;
  readonly rule: SvidRule;
  readonly protocols: readonly string[];
  readonly own: OwnEnd;
}

/** The end that dials. */
export class MeshClientRole extends MeshRole {
  readonly side = 'client';
  readonly #sessions: SessionCache;
  readonly #sessionKey: string;
  /** Wall-clock ms until which the peer's chain holds; 0 = not known. */
  #untilMs: number;

  /** @param untilMs what the offered session was verified for; 0 = none was offered */
  constructor(library: TlsLibrary, ssl: bigint, parts: MeshClientParts, sessionKey: string, untilMs: number) {
    super(library, ssl, parts.rule, parts.protocols, parts.own);
    this.#sessions = parts.sessions;
    this.#sessionKey = sessionKey;
    this.#untilMs = untilMs;
  }

  storeSession(ssl: bigint): boolean {
    return this.#sessions.store(this.#sessionKey, ssl, this.#untilMs);
  }

  protected proven(secondsLeft: number): number {
    const untilMs = this.library.wallClock() + secondsLeft * 1000;
    const resumed = this.library.lib.SSL_session_reused(this.ssl) === 1;
    this.#untilMs = resumed ? Math.min(untilMs, this.#untilMs) : untilMs;
    return this.#untilMs;
  }
}

/** The end that accepts. */
export class MeshServerRole extends MeshRole {
  readonly side = 'server';
  /** Why this host can show no certificate now; null = it can. */
  readonly #problem: TlsProblem | null;
  #ticketSeconds = 0;

  constructor(
    library: TlsLibrary,
    ssl: bigint,
    rule: SvidRule,
    protocols: readonly string[],
    own: OwnEnd,
    problem: TlsProblem | null,
  ) {
    super(library, ssl, rule, protocols, own);
    this.#problem = problem;
  }

  override judgeHello(): number {
    if (this.#problem !== null) {
      this.refuse(this.#problem.reason, this.#problem.sentence);
      return ALERT_INTERNAL_ERROR;
    }
    if (this.library.lib.SSL_client_hello_get0_ext(this.ssl, TLSEXT_TYPE_ALPN, 0n, 0n) === 1) return 0;
    this.refuse('alpn', 'the peer offered no application protocol (ALPN)');
    return ALERT_NO_APPLICATION_PROTOCOL;
  }

  override acceptTicket(session: bigint): boolean {
    const { lib } = this.library;
    const peer = lib.SSL_SESSION_get0_peer(session);
    if (peer === 0n) return false;
    const proof = proveAgain(this.library, peer, this.rule);
    if (!proof.ok) return false;
    // A session that is taken up again and again ends when its first ticket would have.
    const ends = Number(lib.SSL_SESSION_get_time(session)) + Number(lib.SSL_SESSION_get_timeout(session));
    const left = Math.floor(ends - Date.now() / 1000);
    this.#ticketSeconds = Math.min(proof.secondsLeft, left);
    return this.#ticketSeconds > 0;
  }

  override limitTicket(session: bigint): void {
    this.library.lib.SSL_SESSION_set_timeout(session, BigInt(this.#ticketSeconds));
  }

  storeSession(): boolean {
    return true;
  }

  protected proven(secondsLeft: number): number {
    if (this.#ticketSeconds === 0) this.#ticketSeconds = Math.min(TICKET_SECONDS, secondsLeft);
    return this.library.wallClock() + secondsLeft * 1000;
  }
}
