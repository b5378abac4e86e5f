/** The pipeline of the explicit mode: a program of this host speaks HTTP to us on purpose, and names the service itself. */
import type { Socket } from '../../reactor/socket.ts';
import { ConnectionRecord } from '../connection-record.ts';
import type { Context } from '../context.ts';
import { Http1Connection } from '../http1-connection.ts';
import { Http2Connection } from '../http2-connection.ts';
import { SniffStage } from '../sniff-stage.ts';

/** Serves a connection to the listener on loopback: HTTP/2 with prior knowledge, or HTTP/1.1, in which anything else is refused. */
export function serveExplicit(context: Context, client: Socket): void {
  const { reactor, limits } = context;
  const record = new ConnectionRecord('outbound', client.peer, null, reactor.now, context.sink);
  record.socket = client;
  // Bound to loopback, but route_localnet or a redirect of somebody else could bring others here.
  if (client.peer === null || !client.peer.isLoopback()) {
    record.detail = 'not a program of this host';
    reactor.reset(client);
    return record.close('refused');
  }
  const stage = new SniffStage(
    context,
    client,
    record,
    () => null,
    ({ verdict, at, length }) => {
      const isHttp2 = verdict === 'http2';
      record.decide(isHttp2 ? 'http2' : 'http1', 'explicit');
      const Connection = isHttp2 ? Http2Connection : Http1Connection;
      new Connection(context, client, null, record).start(at, length);
    },
  );
  reactor.setTimer(client, limits.clientIdleMs);
  stage.start(false);
}
