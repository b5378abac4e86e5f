/** The one place where requests get connections to endpoints: whatever is to lie under the protocol begins here. */
import { describeErrno, ENOMEM, EPROTO } from '../../reactor/errno.ts';
import type { Reactor } from '../../reactor/reactor.ts';
import type { Socket, SocketHandler } from '../../reactor/socket.ts';
import type { SockAddr } from '../../reactor/socket-address.ts';
import type { HopTls, WireProtocol } from './hop-tls.ts';

export interface DialTarget {
  readonly address: SockAddr;
  /** SO_MARK, 0 = none. */
  readonly mark: number;
  /** null = without TLS. */
  readonly tls: HopTls | null;
}

/**
 * Starts connecting; `onConnect` follows when TLS, where there is some, is established as well. The handler's `onTimeout` is called
 * when that took `timeoutMs` (0 = as long as it takes).
 * @returns an errno when it failed at once (see `describeDial`)
 */
export function dialEndpoint(
  reactor: Reactor,
  target: DialTarget,
  timeoutMs: number,
  handler: SocketHandler,
  protocol: WireProtocol,
): Socket | number {
  const { address, mark, tls } = target;
  const secured = tls === null ? null : tls.targetFor(reactor.tls, protocol);
  if (tls !== null && secured === null) return EPROTO;
  const socket = reactor.dial(address, mark, handler);
  if (typeof socket === 'number') return socket;
  if (secured !== null && !reactor.tls.startClient(socket, secured)) {
    reactor.reset(socket);
    return ENOMEM;
  }
  if (timeoutMs > 0) reactor.setTimer(socket, timeoutMs);
  return socket;
}

/** Plain words for an errno of `dialEndpoint`. */
export function describeDial(target: DialTarget, errno: number): string {
  return errno === EPROTO && target.tls !== null && target.tls.problem !== ''
    ? target.tls.problem
    : describeErrno(errno);
}
