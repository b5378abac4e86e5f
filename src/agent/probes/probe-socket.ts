/** How probes reach the local program. */
import { connect, isIPv6, Socket } from 'node:net';
import { MarkedSockets } from '../../reactor/marked-sockets.ts';

/** Starts a connection; it emits `connect` or `error`. */
export type ProbeDial = (host: string, port: number, signal: AbortSignal) => Socket;

/** For an agent that captures nothing. */
export const dialPlain: ProbeDial = (host, port, signal) => connect({ host, port, signal });

/**
 * Dials with the mark of the inbound proxy's own connections. Without it the kernel would hand the probe to our inbound
 * listener, which accepts whether the program lives or not.
 */
export function dialMarked(mark: number): ProbeDial {
  const sockets = new MarkedSockets(mark);
  return (host, port, signal) => {
    // manualStart: Node would otherwise read before the connection is there, and give up with ENOTCONN.
    const settings = { fd: sockets.open(isIPv6(host) ? 6 : 4), signal, manualStart: true };
    return new Socket(settings).connect({ host, port });
  };
}
