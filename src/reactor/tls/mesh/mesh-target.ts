import { encodeProtocols } from '../alpn.ts';
import type { ClientTarget } from '../client-target.ts';
import type { SessionCache } from '../session-cache.ts';
import type { TlsLibrary } from '../tls-library.ts';
import type { MeshClientContext } from './mesh-contexts.ts';
import type { MeshClientTarget } from './mesh-protocols.ts';
import { type MeshClientParts, MeshClientRole, type OwnEnd } from './mesh-role.ts';
import type { SvidRule } from './svid-rules.ts';

/** Everything that a new connection to another agent needs, made once for many. It belongs to one identity of this host. */
export class MeshTarget implements ClientTarget, MeshClientParts {
  readonly context: MeshClientContext;
  readonly serverName: string | null;
  readonly hosts: readonly string[] = [];
  readonly protocols: readonly string[];
  readonly encodedProtocols: Buffer;
  readonly rule: SvidRule;
  readonly own: OwnEnd;
  readonly #key: string;

  constructor(
    context: MeshClientContext,
    trustDomain: string,
    own: OwnEnd,
    { expectedIds, alpn, serverName }: MeshClientTarget,
  ) {
    this.context = context;
    this.protocols = alpn;
    this.encodedProtocols = encodeProtocols(alpn);
    this.rule = { trustDomain, expectedIds };
    this.own = own;
    this.serverName = serverName;
    // RFC 8446 4.6.1: a ticket counts under the name that it was given under.
    this.#key = JSON.stringify([expectedIds, alpn, serverName]);
  }

  get sessions(): SessionCache {
    return this.context.sessions;
  }

  /** Each endpoint has tickets of its own. */
  sessionKeyFor(peer: string): string {
    return `${peer} ${this.#key}`;
  }

  roleFor(library: TlsLibrary, ssl: bigint, sessionKey: string, untilMs: number): MeshClientRole {
    return new MeshClientRole(library, ssl, this, sessionKey, untilMs);
  }
}
