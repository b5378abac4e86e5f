/**
 * A destination that is no service, for programs that may reach services only (REGISTRY_ONLY). A host of a ServiceEntry that the
 * client names itself, in TLS or in each request, still opens the way to the original destination; everything else is refused.
 */
import type { Socket } from '../reactor/socket.ts';
import type { SockAddr } from '../reactor/socket-address.ts';
import type { ConnectionRecord } from './connection-record.ts';
import type { Context } from './context.ts';
import { HelloStage } from './hello-stage.ts';
import { outsideSentence } from './outside-sentence.ts';
import type { OpaqueTarget } from './resolve-target.ts';
import { refuse } from './route-connection.ts';
import { serveOpaque } from './serve-opaque.ts';
import { describeName } from './serve-routed.ts';
import { SniffStage } from './sniff-stage.ts';

/** ms that a client may be silent. Whoever speaks HTTP or TLS begins at once; for what does not there is no name to go by. */
const SILENT_MS = 1_000;

/** @param serveHttp serves requests one by one: each is judged by its own Host */
export function serveRestricted(
  context: Context,
  client: Socket,
  record: ConnectionRecord,
  target: OpaqueTarget,
  destination: SockAddr,
  serveHttp: (verdict: 'http1' | 'http2', at: number, length: number) => void,
): void {
  const stage = new SniffStage(
    context,
    client,
    record,
    () => null,
    ({ verdict, reason, at, length }) => {
      record.decide(verdict, reason);
      if (verdict === 'http1' || verdict === 'http2') return serveHttp(verdict, at, length);
      if (verdict !== 'tls') return refuseOutside(context, client, record, destination, 'the client names no host');
      const hello = new HelloStage(context, client, record, (heard, from, n) => {
        const name = heard === null ? null : heard.serverName;
        const entry = name === null ? null : context.table.findOutside(name, destination.port);
        if (entry === null) return refuseOutside(context, client, record, destination, describeName(name));
        record.service = entry.key;
        const read = { at: from, length: n, parallel: null, endpoint: null, serverAt: 0, serverLength: 0 };
        serveOpaque(context, client, record, { ...target, service: entry.key }, read);
      });
      hello.start(at, length);
    },
  );
  context.reactor.setTimer(client, SILENT_MS);
  stage.start(false);
}

function refuseOutside(
  context: Context,
  client: Socket,
  record: ConnectionRecord,
  destination: SockAddr,
  asked: string,
): void {
  context.counters.count('towpath_egress_refused_total', { protocol: record.verdict });
  refuse(context, client, record, 'UH', `${outsideSentence(String(destination))}; ${asked}`);
}
