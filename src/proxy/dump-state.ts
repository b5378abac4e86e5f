/** The live state of a data thread, for `towpath agent dump`. */
import type { DataThreadDump } from '../contract/data-thread.ts';
import type { Context } from './context.ts';

export function dumpState(context: Context): DataThreadDump {
  const endpoints = [...context.outbound.all(), ...context.inbound.all()];
  return {
    services: context.table.services(),
    endpoints: endpoints.map((e) => ({ address: e.text, active: e.active, idleConnections: e.idle.length })),
    connections: context.reactor.openSockets,
    verdicts: context.serverFirst.all(),
  };
}
