/** The connection that an active check is made on: as requests reach the endpoint, so by mutual TLS where those do. */
import { connect as connectPlain, type Socket } from 'node:net';
import type { ActiveCheckView } from '../../contract/cluster-views.ts';
import type { IdentitySet } from '../../contract/identity.ts';

export interface CheckedAddress {
  readonly ip: string;
  readonly port: number;
  /** SPIFFE ID that the endpoint must show; absent: without mutual TLS. */
  readonly identity?: string | undefined;
}

/** The certificates of this host as they are now; null: it takes no part in mutual TLS. */
export type Certificates = () => IdentitySet | null;

/** ALPN between agents (design 10), by what is spoken inside. */
const ALPN: Readonly<Record<ActiveCheckView['check']['type'], string>> = {
  HTTP: 'towpath-http/1.1',
  GRPC: 'towpath-h2',
  TCP: 'towpath-tcp',
};

export interface CheckDial {
  readonly socket: Socket;
  /** The event that tells that the connection is there, TLS included. */
  readonly opened: 'connect' | 'secureConnect';
}

/** @throws Error when this host should speak mutual TLS and has no certificate */
export function dialForCheck(
  { ip, port, identity }: CheckedAddress,
  type: ActiveCheckView['check']['type'],
  certificates: Certificates,
  signal: AbortSignal,
): CheckDial {
  const set = certificates();
  if (identity === undefined || set === null)
    return { socket: connectPlain({ host: ip, port, signal }), opened: 'connect' };
  const [own] = set.identities;
  if (own === undefined) throw new Error('this host has no certificate of the mesh');
  // Not imported: few hosts need it, and each thread would pay for it.
  const socket = process.getBuiltinModule('node:tls').connect({
    socket: connectPlain({ host: ip, port, signal }),
    ca: set.roots,
    cert: own.chain,
    key: own.key,
    minVersion: 'TLSv1.3',
    ALPNProtocols: [ALPN[type]],
    checkServerIdentity: (_host, { subjectaltname = '' }) =>
      subjectaltname === `URI:${identity}` ? undefined : new Error(`the endpoint is not ${identity}`),
  });
  return { socket, opened: 'secureConnect' };
}
