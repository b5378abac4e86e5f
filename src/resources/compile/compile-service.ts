import type { ClusterKey, ClusterView, ServiceKey, ServicePortView, ServiceView } from '../../contract/views.ts';
import type { EndpointIndex } from '../endpoint-index.ts';
import type { ResourceIndex } from '../resource-index.ts';
import { ownedVirtualIps } from '../virtual-ip-owner.ts';
import { compileCluster } from './compile-cluster.ts';
import { compileRouting } from './compile-routing.ts';
import { type Backend, clusterKey } from './resolve-backend.ts';

/** A service's view before it is given a version. */
export type ServiceViewBody = Omit<ServiceView, 'version'>;

/**
 * Everything needed to send traffic to one service, complete in itself; null when there is no Service or ServiceEntry of the name.
 * The same resources and endpoints give the same view, in whatever order they arrived.
 */
export function compileService(
  index: ResourceIndex,
  endpoints: EndpointIndex,
  key: ServiceKey,
): ServiceViewBody | null {
  const service = index.frontend(key)?.resource;
  if (service === undefined) return null;
  const ports: ServicePortView[] = [];
  const backends: Backend[] = [];
  for (const port of [...service.spec.ports].sort((a, b) => a.port - b.port)) {
    const routing = compileRouting(index, { service, port });
    backends.push({ service, port }, ...routing.backends);
    ports.push({ name: port.name, port: port.port, cluster: clusterKey(service, port), ...routing.view });
  }
  return {
    namespace: service.metadata.namespace,
    name: service.metadata.name,
    virtualIps: ownedVirtualIps(index, service),
    ports,
    clusters: compileClusters(index, endpoints, backends),
  };
}

function compileClusters(
  index: ResourceIndex,
  endpoints: EndpointIndex,
  backends: readonly Backend[],
): Record<ClusterKey, ClusterView> {
  const byKey = new Map(backends.map((backend) => [clusterKey(backend.service, backend.port), backend]));
  const sorted = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, backend]) => [key, compileCluster(index, endpoints, backend)]));
}
