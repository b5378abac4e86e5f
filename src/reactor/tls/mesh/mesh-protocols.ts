/** What agents speak to each other under mutual TLS, told by ALPN (design 10). */

export const MESH_PROTOCOLS = ['towpath-h2', 'towpath-http/1.1', 'towpath-tcp'] as const;
export type MeshProtocol = (typeof MESH_PROTOCOLS)[number];

/** As whom a client speaks and whom it expects. Keep one object for many connections: what is made from it is kept with it. */
export interface MeshClientTarget {
  /** SPIFFE ID of the identity of this host to show; null = the host's first. */
  readonly identity: string | null;
  /** SPIFFE IDs, one of which the server must show (secure naming); none: no server will do. */
  readonly expectedIds: readonly string[];
  /** Sent to the server (SNI), which goes by `expectedIds` alone; null = not sent. */
  readonly serverName: string | null;
  /** Offered, by preference; the server must take one of them. */
  readonly alpn: readonly MeshProtocol[];
}

/** As whom a server answers. Its clients must show a certificate of the mesh. */
export interface MeshServerSettings {
  /** SPIFFE ID of the identity of this host to show; null = the host's first. */
  readonly identity: string | null;
  /** Spoken, by preference; the client must offer one of them. */
  readonly alpn: readonly MeshProtocol[];
}
