/**
 * HTTP connections of the mesh end with the first certificate of their two ends: between requests at once, else with what is under way.
 * Nobody speaks for longer in the name of who gets no new certificate. Connections of bytes go on: nobody knows where they may be cut.
 */
import type { Socket, SocketHandler } from '../../reactor/socket.ts';
import type { Context } from '../context.ts';
import { Http1Connection } from '../http1-connection.ts';
import { Http2Connection } from '../http2-connection.ts';
import { Http2Upstream } from '../upstream/http2-upstream.ts';
import { UpstreamConnection } from '../upstream/upstream-connection.ts';

/** Costs nothing until an end has come. @param nowMs wall clock */
export function endExpired({ identities, reactor }: Context, nowMs: number): void {
  if (!identities.isMember || nowMs < reactor.tls.firstEndMs) return;
  const ended: Socket[] = [];
  let firstEndMs = Number.POSITIVE_INFINITY;
  reactor.forEachSocket((socket) => {
    const validUntilMs = socket.tls?.validUntilMs ?? Number.POSITIVE_INFINITY;
    if (nowMs >= validUntilMs) ended.push(socket);
    else firstEndMs = Math.min(firstEndMs, validUntilMs);
  });
  reactor.tls.firstEndMs = firstEndMs;
  for (const socket of ended) reactor.runFor(socket, () => retire(socket.handler));
}

function retire(handler: SocketHandler): void {
  if (handler instanceof UpstreamConnection || handler instanceof Http2Upstream) handler.retire();
  else if (handler instanceof Http2Connection) handler.drain();
  else if (handler instanceof Http1Connection) {
    handler.clientEnded = true;
    handler.drain();
  }
}
