import type { AppProtocol, ClusterKey, ServiceKey, ServicePortView } from '../contract/views.ts';
import type { Cluster } from './endpoints/cluster.ts';
import { type SessionTable, sessionsOf } from './endpoints/session-table.ts';
import { type L4Routing, loadL4 } from './l4-routing.ts';
import { type HttpRouting, loadConsumers, loadHttp } from './load-routing.ts';

/** One port of a service, ready for use. */
export interface ServicePort {
  readonly service: ServiceKey;
  readonly number: number;
  readonly protocol: AppProtocol;
  readonly cluster: Cluster;
  /** Sessions of requests that no route decides on. */
  readonly sessions: readonly SessionTable[];
  readonly http: HttpRouting | null;
  /** For programs of the namespace that is the key, in the place of `http`; null: there are none. */
  readonly consumers: ReadonlyMap<string, HttpRouting> | null;
  /** null: connections are not routed as a whole. */
  readonly l4: L4Routing | null;
}

/** @throws Error when the view lacks the cluster of the port */
export function loadPort(
  service: ServiceKey,
  view: ServicePortView,
  clusters: ReadonlyMap<ClusterKey, Cluster>,
): ServicePort {
  const cluster = clusters.get(view.cluster);
  if (cluster === undefined) throw new Error(`the view of ${service} lacks its own cluster ${view.cluster}`);
  return {
    service,
    number: view.port,
    protocol: view.protocol,
    cluster,
    sessions: sessionsOf(undefined, [cluster]),
    http: loadHttp(view, clusters),
    consumers: loadConsumers(view, clusters),
    l4: loadL4(view, clusters),
  };
}
