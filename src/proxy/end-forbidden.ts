/**
 * Policies changed: connections that live are looked at again, and those that are now forbidden end. HTTP connections are judged by each
 * of their requests anyway; requests under way end as they began.
 */
import { denialOf, judgeRequest } from './authorize-inbound.ts';
import type { ConnectionRecord } from './connection-record.ts';
import type { Context } from './context.ts';
import { OpaqueRelay } from './opaque-relay.ts';

const FORBIDDEN = 'a changed policy forbids the connection';

/** Ends opaque connections and tunnels of the inbound side that the policies in force now would not let begin. */
export function endForbidden(context: Context): void {
  if (!context.hostPolicies.hasAccess) return;
  const relays = new Set<OpaqueRelay>();
  context.reactor.forEachSocket(({ handler }) => {
    if (handler instanceof OpaqueRelay && handler.record.side === 'inbound') relays.add(handler);
  });
  for (const relay of relays) {
    const reason = reasonToEnd(context, relay.record);
    if (reason === null) continue;
    const { service: workload } = relay.record;
    context.counters.count('towpath_authorization_ended_total', { workload });
    relay.forbid(`${FORBIDDEN}: ${reason}`);
  }
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
