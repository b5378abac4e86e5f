/** Chooses a backend for a connection as a whole, once, at its beginning; a change of routes counts for those to come. */
import type { Socket } from '../reactor/socket.ts';
import type { ConnectionRecord } from './connection-record.ts';
import type { Context } from './context.ts';
import type { L4Action } from './l4-routing.ts';
import { pickBackend } from './policy/pick-backend.ts';
import type { OpaqueTarget } from './resolve-target.ts';
import type { ResponseFlag } from './response-flags.ts';

/** The target with the chosen cluster; null: the connection was refused, because its share leads nowhere. */
export function routeConnection(
  context: Context,
  client: Socket,
  record: ConnectionRecord,
  target: OpaqueTarget,
  action: L4Action,
): OpaqueTarget | null {
  record.route = action.name;
  const { view } = action;
  const chosen = pickBackend(view, context.random());
  const cluster = chosen === null ? null : action.clusters[view.backends.indexOf(chosen)];
  const labels = { service: target.service, route: action.name, backend: cluster?.key ?? '' };
  context.counters.count('towpath_routed_connections_total', { ...labels, flags: cluster === null ? 'NC' : '' });
  if (cluster !== null) return { ...target, cluster };
  const what = chosen === null ? 'gives no backend any weight' : 'names a backend that does not exist';
  refuse(context, client, record, 'NC', `rule ${view.rule} of route ${view.route} ${what}`);
  return null;
}

/** Resets the client; the record says why. */
export function refuse(
  context: Context,
  client: Socket,
  record: ConnectionRecord,
  flag: ResponseFlag,
  sentence: string,
): void {
  record.flag = flag;
  record.detail = sentence;
  context.reactor.reset(client);
  record.close('refused');
}
