import { X509Certificate } from 'node:crypto';
import { encodeProtocols } from './alpn.ts';
import type { ClientTarget } from './client-target.ts';
import type { TlsClientContext } from './tls-context.ts';
import type { TlsLibrary } from './tls-library.ts';
import type { TlsReason } from './tls-reasons.ts';
import type { Objection, TlsRole } from './tls-role.ts';

/** Who a client means to talk to. */
export interface TargetNames {
  /** Sent to the server (SNI); null = not sent. */
  readonly serverName: string | null;
  /** DNS names or addresses, one of which the certificate must be for. */
  readonly hosts: readonly string[];
  /** URIs, one of which may be in the certificate instead (SPIFFE ids). No hosts and no URIs: any name will do. */
  readonly uris: readonly string[];
  /** ALPN protocols offered, by preference; [] = none. */
  readonly protocols: readonly string[];
  /** The handshake fails unless one of them is agreed on. */
  readonly requireProtocol: boolean;
}

/** Everything that a new client connection needs, made once for many. */
export class TlsTarget implements ClientTarget {
  readonly context: TlsClientContext;
  readonly names: TargetNames;
  readonly encodedProtocols: Buffer;
  /** All names, for sentences. */
  readonly expected: readonly string[];
  /** Under which sessions are kept: what was checked once is the same for all of them. */
  readonly sessionKey: string;

  /** @throws RangeError for a protocol name that cannot be */
  constructor(context: TlsClientContext, names: TargetNames) {
    this.context = context;
    this.names = names;
    this.encodedProtocols = encodeProtocols(names.protocols);
    this.expected = [...names.hosts, ...names.uris];
    this.sessionKey = JSON.stringify([names.serverName, names.hosts, names.uris, names.protocols]);
  }

  /** OpenSSL checks host names itself, but knows no "host name or URI". */
  get checkedByOpenssl(): boolean {
    return this.names.uris.length === 0;
  }

  get serverName(): string | null {
    return this.names.serverName;
  }

  get hosts(): readonly string[] {
    return this.checkedByOpenssl ? this.names.hosts : [];
  }

  /** Any endpoint of a service may take up what another one has begun. */
  sessionKeyFor(): string {
    return this.sessionKey;
  }

  roleFor(_library: TlsLibrary, _ssl: bigint): ClientRole {
    return new ClientRole(this);
  }

  /** Host names and URIs together, after the handshake. */
  accepts(leaf: Buffer | undefined): boolean {
    if (leaf === undefined) return false;
    const certificate = new X509Certificate(leaf);
    const { hosts, uris } = this.names;
    return (
      hosts.some((host) => certificate.checkHost(host, { subject: 'never', partialWildcards: false }) !== undefined) ||
      readUris(certificate.subjectAltName ?? '').some((uri) => uris.includes(uri))
    );
  }
}

/** The end that dials. */
export class ClientRole implements TlsRole {
  readonly side = 'client';
  readonly serverName: string | null;
  readonly expected: readonly string[];
  readonly protocols: readonly string[] = [];
  readonly peerPrincipal = null;
  readonly localPrincipal = null;
  readonly validUntilMs = Number.POSITIVE_INFINITY;
  refusal = '';
  reason: TlsReason | '' = '';
  readonly #target: TlsTarget;

  constructor(target: TlsTarget) {
    this.#target = target;
    this.serverName = target.serverName;
    this.expected = target.expected;
  }

  chooseContext(): boolean {
    return false;
  }

  objection(protocol: string, peerChain: () => Buffer[]): Objection | null {
    const target = this.#target;
    if (!target.checkedByOpenssl && !target.accepts(peerChain()[0])) return 'other-name';
    const { requireProtocol, protocols } = target.names;
    if (!requireProtocol || protocol !== '') return null;
    this.reason = 'alpn';
    this.refusal = `the peer does not speak ${protocols.join(' or ')} (ALPN)`;
    return 'refusal';
  }

  storeSession(ssl: bigint): boolean {
    return this.#target.context.sessions.store(this.#target.sessionKey, ssl, Number.POSITIVE_INFINITY);
  }
}

/** `URI:a, DNS:b`: names with unusual characters are quoted like JSON strings, so that none can pass for two. */
export function readUris(subjectAltName: string): string[] {
  const names = subjectAltName.match(/[A-Za-z ]+:(?:"(?:[^"\\]|\\.)*"|[^,"]*)/g) ?? [];
  return names.flatMap((name) => {
    const colon = name.indexOf(':');
    if (name.slice(0, colon).trim() !== 'URI') return [];
    const value = name.slice(colon + 1);
    return [value.startsWith('"') ? String(JSON.parse(value)) : value];
  });
}
