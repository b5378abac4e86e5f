/** What differs between the two ends of a TLS connection. */
import type { Negotiator } from './handshake-callbacks.ts';
import type { TlsServerContext } from './tls-context.ts';
import type { TlsLibrary } from './tls-library.ts';
import type { TlsReason } from './tls-reasons.ts';
import { quote } from './tls-words.ts';

/** The certificate is for another name, or what `refusal` says. */
export type Objection = 'other-name' | 'refusal';

export interface TlsRole extends Negotiator {
  readonly side: 'client' | 'server';
  /** The name asked for (SNI); null = none, or none yet. */
  readonly serverName: string | null;
  /** Names that the peer's certificate must be for. */
  readonly expected: readonly string[];
  /** Why it ended the handshake itself, in one clause; '' = it did not. */
  readonly refusal: string;
  /** The tag of `refusal`; '' = none. */
  readonly reason: TlsReason | '';
  /** SPIFFE IDs without their scheme, proven by the handshake and shown in it; null = none. */
  readonly peerPrincipal: string | null;
  readonly localPrincipal: string | null;
  /** As SecureLayer.validUntilMs, once the handshake is over. */
  readonly validUntilMs: number;
  /** What OpenSSL does not check, after the handshake; null = all is well. */
  objection(protocol: string, peerChain: () => Buffer[]): Objection | null;
  /** Keeps the session for the next connection. False: not yet possible. */
  storeSession(ssl: bigint): boolean;
}

/** Contexts of a server, by the name that the client asks for (SNI). */
export interface ServerContexts {
  /** The one that a handshake begins with. */
  readonly initial: TlsServerContext;
  /** null = no such name here: the handshake fails with unrecognized_name. */
  choose(serverName: string | null): TlsServerContext | null;
}

/** The end that accepts. */
export class ServerRole implements TlsRole {
  readonly side = 'server';
  serverName: string | null = null;
  readonly expected: readonly string[] = [];
  protocols: readonly string[];
  readonly peerPrincipal = null;
  readonly localPrincipal = null;
  readonly validUntilMs = Number.POSITIVE_INFINITY;
  refusal = '';
  reason: TlsReason | '' = '';
  readonly #library: TlsLibrary;
  readonly #contexts: ServerContexts;
  readonly #ssl: bigint;

  constructor(library: TlsLibrary, contexts: ServerContexts, ssl: bigint) {
    this.#library = library;
    this.#contexts = contexts;
    this.#ssl = ssl;
    this.protocols = contexts.initial.protocols;
  }

  chooseContext(serverName: string | null): boolean {
    this.serverName = serverName;
    const chosen = this.#contexts.choose(serverName);
    if (chosen === null || chosen.pointer === 0n) {
      const name = serverName === null ? 'no name' : quote(serverName);
      this.reason = 'server-name';
      this.refusal = `the peer asks for ${name}, which is not served here`;
      return false;
    }
    this.protocols = chosen.protocols;
    if (chosen === this.#contexts.initial) return true;
    const { lib } = this.#library;
    lib.SSL_set_SSL_CTX(this.#ssl, chosen.pointer);
    lib.SSL_set_verify(this.#ssl, chosen.verifyMode, 0n);
    return true;
  }

  objection(): null {
    return null;
  }

  storeSession(): boolean {
    return true;
  }
}
