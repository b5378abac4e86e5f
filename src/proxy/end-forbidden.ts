/**
 * Policies changed: connections that live are looked at again, and those that are now forbidden end. HTTP connections are judged by each
 * of their requests: they end when no request could be allowed, and else requests under way end as they began.
 */

import { ECONNRESET } from '../reactor/errno.ts';
import type { SocketHandler } from '../reactor/socket.ts';
import { denialOf, denialOfAll, judgeRequest } from './authorize-inbound.ts';
import type { ConnectionRecord } from './connection-record.ts';
import type { Context } from './context.ts';
import { Http1Connection } from './http1-connection.ts';
import { Http2Connection } from './http2-connection.ts';
import { judgeArrival } from './mesh/judge-arrival.ts';
import { OpaqueRelay } from './opaque-relay.ts';

const FORBIDDEN = 'a changed policy forbids the connection';

/** Ends opaque connections and tunnels of the inbound side that the policies in force now would not let begin. */
export function endForbidden(context: Context): void {
  const { hasAccess, hasMtls } = context.hostPolicies;
  if (hasMtls) endPlaintext(context);
  if (hasAccess) endUnauthorized(context);
}

function endUnauthorized(context: Context): void {
  for (const connection of inboundOnes(context)) {
    const { record } = connection;
    const reason = connection instanceof OpaqueRelay ? reasonToEnd(context, record) : denialOfAll(context, record);
    if (reason === null) continue;
    context.counters.count('towpath_authorization_ended_total', { workload: record.service });
    connection.forbid(`${FORBIDDEN}: ${reason}`);
  }
}

/** STRICT came while clients were connected without mutual TLS: whatever they speak, requests of theirs under way are cut. */
function endPlaintext(context: Context): void {
  for (const handler of inboundOnes(context)) {
    const {
      record: { service: workload, peerPrincipal, destination, verdict },
    } = handler;
    if (peerPrincipal !== null || destination === null) continue;
    const policy = context.hostPolicies.mtlsOf(workload, destination.port);
    const refused = judgeArrival(policy, verdict === 'tls' ? 'tls' : 'none');
    if (refused === null) continue;
    context.counters.count('towpath_inbound_mtls_ended_total', { workload });
    cut(handler, `${FORBIDDEN}: ${refused.sentence}`);
  }
}

function cut(handler: Connection, detail: string): void {
  if (handler instanceof OpaqueRelay) return handler.forbid(detail);
  handler.record.detail = detail;
  handler.onError(handler.socket, ECONNRESET);
}

type Connection = OpaqueRelay | Http1Connection | Http2Connection;

function isConnection(handler: SocketHandler): handler is Connection {
  return handler instanceof OpaqueRelay || handler instanceof Http1Connection || handler instanceof Http2Connection;
}

/** Each once, though a relay handles two sockets; collected first, since ending one changes what is walked over. */
function inboundOnes({ reactor }: Context): ReadonlySet<Connection> {
  const found = new Set<Connection>();
  reactor.forEachSocket(({ handler }) => {
    if (isConnection(handler) && handler.record.side === 'inbound') found.add(handler);
  });
  return found;
}

/** A tunnel is judged by the request that opened it, with the token that it had. */
function reasonToEnd(context: Context, record: ConnectionRecord): string | null {
  if (record.tunnelHead === null) return denialOf(context, record, false);
  const { parser, reactor } = context;
  const { slab } = reactor;
  slab.bytes.set(record.tunnelHead, slab.receiveArea);
  if (parser.parseRequest(slab.receiveArea, record.tunnelHead.length) <= 0) return null;
  const judgement = judgeRequest(context, record, parser.head, slab.bytes, false);
  // A token that has expired since was good when the tunnel began.
  return judgement.type === 'refused' && judgement.status === 403 ? judgement.reason : null;
}
