/** Mutual TLS towards endpoints whose agent can speak it: as whom, and whom we expect there (secure naming). */
import type { ClientTarget } from '../../reactor/tls/client-target.ts';
import type { MeshClientTarget, MeshProtocol } from '../../reactor/tls/mesh/mesh-protocols.ts';
import type { TlsEngine } from '../../reactor/tls/tls-engine.ts';
import { nameProblem } from '../mesh/own-identities.ts';
import type { HopTls, WireProtocol } from './hop-tls.ts';

const ALPN: Readonly<Record<WireProtocol, MeshProtocol>> = {
  http1: 'towpath-http/1.1',
  http2: 'towpath-h2',
  bytes: 'towpath-tcp',
};

export class MeshHop implements HopTls {
  readonly id: number;
  readonly isMesh = true;
  /** SPIFFE ID that the endpoint must show. */
  readonly expected: string;
  /** SPIFFE ID that we show; null: this host has none, so that nothing can be dialled. */
  readonly own: string | null;
  problem = '';
  readonly #targets: Readonly<Record<WireProtocol, MeshClientTarget>>;

  /** @param serverName what is dialled (SNI), for the endpoint's policies */
  constructor(id: number, expected: string, own: string | null, serverName: string) {
    this.id = id;
    this.expected = expected;
    this.own = own;
    const target = (protocol: WireProtocol): MeshClientTarget => ({
      identity: own,
      expectedIds: [expected],
      serverName,
      alpn: [ALPN[protocol]],
    });
    this.#targets = { http1: target('http1'), http2: target('http2'), bytes: target('bytes') };
  }

  /** With the certificates of now. Without one there is no connection: never in plain text instead. */
  targetFor({ mesh, observer }: TlsEngine, protocol: WireProtocol): ClientTarget | null {
    const made = mesh.clientTarget(this.#targets[protocol]);
    if (!('reason' in made)) return made;
    observer.failed('client', made.reason);
    this.problem = nameProblem(made, this.own);
    return null;
  }

  close(): void {}
}
