/** A port whose connections are routed as a whole: by weight (TCPRoute), or by the server name that TLS asks for (TLSRoute). */
import type { Socket } from '../reactor/socket.ts';
import type { ConnectionRecord } from './connection-record.ts';
import type { Context } from './context.ts';
import { HelloStage } from './hello-stage.ts';
import { findTlsAction, type TlsNames } from './l4-routing.ts';
import type { OpaqueTarget } from './resolve-target.ts';
import { refuse, routeConnection } from './route-connection.ts';
import { serveOpaque } from './serve-opaque.ts';

/** Serves a connection to a port with TLSRoutes. */
export function serveByServerName(
  context: Context,
  client: Socket,
  record: ConnectionRecord,
  target: OpaqueTarget,
  names: TlsNames,
): void {
  const stage = new HelloStage(context, client, record, (hello, at, length) => {
    record.decide(hello === null ? 'opaque' : 'tls', 'client-bytes');
    const action = hello === null ? null : findTlsAction(names, hello.serverName);
    if (action === null) {
      const asked = hello === null ? 'the client speaks no TLS' : describeName(hello.serverName);
      context.counters.count('towpath_routed_connections_total', {
        service: target.service,
        route: '',
        backend: '',
        flags: 'NR',
      });
      return refuse(context, client, record, 'NR', `no TLSRoute of ${target.service} matches: ${asked}`);
    }
    const routed = routeConnection(context, client, record, target, action);
    if (routed === null) return;
    serveOpaque(context, client, record, routed, {
      at,
      length,
      parallel: null,
      endpoint: null,
      serverAt: 0,
      serverLength: 0,
    });
  });
  stage.start(0, 0);
}

/** Of a client, for a sentence. */
export function describeName(serverName: string | null): string {
  return serverName === null ? 'the client names no server' : `the client asks for ${serverName.slice(0, 100)}`;
}
