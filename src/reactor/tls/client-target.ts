import type { TlsClientContext } from './tls-context.ts';
import type { TlsLibrary } from './tls-library.ts';
import type { TlsRole } from './tls-role.ts';

/** What the engine needs to begin as a client: of a server anywhere (tls-target.ts), or of another agent (mesh/mesh-target.ts). */
export interface ClientTarget {
  readonly context: TlsClientContext;
  /** Sent to the server (SNI); null = not sent. */
  readonly serverName: string | null;
  /** Names that OpenSSL checks; [] = something else does. */
  readonly hosts: readonly string[];
  /** ALPN as it goes over the wire; empty = not offered. */
  readonly encodedProtocols: Buffer;
  /** Under which the session with `peer` (`ip:port`) is kept: what was checked once is the same for all connections with that key. */
  sessionKeyFor(peer: string): string;
  /** @param untilMs of the session that is offered (SessionCache); 0 = none is */
  roleFor(library: TlsLibrary, ssl: bigint, sessionKey: string, untilMs: number): TlsRole;
}
