/** The connection that an active check is made on: as requests reach the endpoint, so by (mutual) TLS where those do. */
import { connect as connectPlain, type Socket } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { NO_SYSTEM_BUNDLE, readSystemBundle } from '../../config/system-bundle.ts';
import type { ActiveCheckView, UpstreamTlsView } from '../../contract/cluster-views.ts';
import type { IdentitySet } from '../../contract/identity.ts';

export interface CheckedAddress {
  readonly ip: string;
  readonly port: number;
  /** SPIFFE ID that the endpoint must show; absent: without mutual TLS. */
  readonly identity?: string | undefined;
  /** Of a service with TLS of its own (BackendTLSPolicy). */
  readonly tls?: UpstreamTlsView | undefined;
}

/** The certificates of this host as they are now; null: it takes no part in mutual TLS. */
export type Certificates = () => IdentitySet | null;

type CheckType = ActiveCheckView['check']['type'];

/** ALPN between agents (design 10), by what is spoken inside. */
const INSIDE: Readonly<Record<CheckType, string>> = {
  HTTP: 'towpath-http/1.1',
  GRPC: 'towpath-h2',
  TCP: 'towpath-tcp',
};
/** ALPN (RFC 7301) to endpoints with TLS of their own. */
const OFFERED: Readonly<Record<CheckType, readonly string[]>> = { HTTP: ['http/1.1'], GRPC: ['h2'], TCP: [] };

export interface CheckDial {
  readonly socket: Socket;
  /** The event that tells that the connection is there, TLS included. */
  readonly opened: 'connect' | 'secureConnect';
}

/** @throws Error when this host should speak mutual TLS and has no certificate, or a policy cannot be kept */
export function dialForCheck(
  { ip, port, identity, tls }: CheckedAddress,
  type: CheckType,
  certificates: Certificates,
  signal: AbortSignal,
): CheckDial {
  const plain = (): Socket => connectPlain({ host: ip, port, signal });
  if (tls !== undefined) return { socket: dialTls(tls, type, plain), opened: 'secureConnect' };
  const set = certificates();
  if (identity === undefined || set === null) return { socket: plain(), opened: 'connect' };
  return { socket: dialMesh(set, identity, type, plain), opened: 'secureConnect' };
}

function dialMesh(set: IdentitySet, identity: string, type: CheckType, plain: () => Socket): Socket {
  const [own] = set.identities;
  if (own === undefined) throw new Error('this host has no certificate of the mesh');
  return nodeTls().connect({
    socket: plain(),
    ca: set.roots,
    cert: own.chain,
    key: own.key,
    minVersion: 'TLSv1.3',
    ALPNProtocols: [INSIDE[type]],
    checkServerIdentity: (_host, { subjectaltname = '' }) =>
      subjectaltname === `URI:${identity}` ? undefined : new Error(`the endpoint is not ${identity}`),
  });
}

function dialTls(view: UpstreamTlsView, type: CheckType, plain: () => Socket): Socket {
  const { trusted, serverName } = view;
  if (trusted.type === 'unusable') throw new Error(trusted.sentence);
  const ca = trusted.type === 'system' ? readSystemBundle() : trusted.pem;
  if (ca === null) throw new Error(NO_SYSTEM_BUNDLE);
  return nodeTls().connect({
    socket: plain(),
    ca,
    servername: serverName,
    ALPNProtocols: [...OFFERED[type]],
    checkServerIdentity: (_host, certificate) => nameProblem(view, certificate),
  });
}

/** The certificate must be for one of the names or URIs of the policy. */
function nameProblem({ hosts, uris }: UpstreamTlsView, certificate: PeerCertificate): Error | undefined {
  const names = (certificate.subjectaltname ?? '').split(', ');
  if (uris.some((uri) => names.includes(`URI:${uri}`))) return undefined;
  const problems = hosts.map((host) => nodeTls().checkServerIdentity(host, certificate));
  if (problems.includes(undefined)) return undefined;
  return problems[0] ?? new Error(`its certificate is not for ${uris.join(', ')}`);
}

/** Not imported: few hosts need it, and each thread would pay for it. */
function nodeTls(): typeof import('node:tls') {
  return process.getBuiltinModule('node:tls');
}
