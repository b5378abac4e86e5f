/** The answer to another agent that begins mutual TLS: from its first bytes to the principals, or to the reason why not. */
import { ETIMEDOUT } from '../../reactor/errno.ts';
import type { Socket, SocketHandler } from '../../reactor/socket.ts';
import { MESH_PROTOCOLS } from '../../reactor/tls/mesh/mesh-protocols.ts';
import type { Received } from '../../reactor/tls/tls-engine.ts';
import type { Context } from '../context.ts';
import { nameProblem } from './own-identities.ts';

export interface HandshakeEnd {
  /** Both are SPIFFE IDs without their scheme. Another handler must take the connection over at once. */
  established(protocol: string, peer: string, own: string): void;
  /** The connection is still to be closed. */
  failed(sentence: string): void;
}

/** @param port of the program, which has an identity of its own perhaps @param read the ClientHello, or more */
export function startMeshHandshake(
  { reactor, identities, limits }: Context,
  client: Socket,
  port: number,
  read: Received,
  end: HandshakeEnd,
): void {
  const identity = identities.ofPort(port);
  const problem = reactor.tls.startMeshServer(client, { identity, alpn: MESH_PROTOCOLS }, read);
  if (problem !== null) return end.failed(nameProblem(problem, identity));
  client.handler = new MeshHandshake(end, () => reactor.clearTimer(client));
  reactor.setTimer(client, limits.headTimeoutMs);
}

class MeshHandshake implements SocketHandler {
  readonly #end: HandshakeEnd;
  readonly #clearTimer: () => void;

  constructor(end: HandshakeEnd, clearTimer: () => void) {
    this.#end = end;
    this.#clearTimer = clearTimer;
  }

  onConnect({ tls }: Socket): void {
    this.#clearTimer();
    const { peerPrincipal = null, localPrincipal = null, protocol = '' } = tls ?? {};
    if (peerPrincipal === null || localPrincipal === null) return this.#end.failed('the peer has not proven who it is');
    this.#end.established(protocol, peerPrincipal, localPrincipal);
  }

  onError(socket: Socket, errno: number): void {
    this.#end.failed(socket.describe(errno));
  }

  onTimeout(socket: Socket): void {
    this.#end.failed(`the handshake was not finished in time: ${socket.describe(ETIMEDOUT)}`);
  }

  onData(): void {}
  onEnd(): void {}
  onDrain(): void {}
  onReadable(): void {}
  onWritable(): void {}
}
