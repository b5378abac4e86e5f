import type { ClusterView, EndpointView } from '../../contract/views.ts';
import type { EndpointIndex } from '../endpoint-index.ts';
import { compareIps } from '../ip-address.ts';
import { keyOf, type ResourceIndex } from '../resource-index.ts';
import type { ServicePort, ServiceResource } from '../types.ts';
import { protocolOf } from './app-protocol.ts';
import { compilePolicy } from './compile-policy.ts';
import { compileTls } from './compile-tls.ts';
import { policyForPort } from './deciding-policy.ts';
import { type Backend, clusterKey } from './resolve-backend.ts';

/** A workload that a Service selects, whether written as a WorkloadEntry or registered by an agent. */
interface Workload {
  readonly name: string;
  readonly address: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly weight: number;
}

/** One port of a Service as a set of endpoints. */
export function compileCluster(
  index: ResourceIndex,
  endpoints: EndpointIndex,
  { service, port }: Backend,
): ClusterView {
  const tls = compileTls(index, service, port);
  return {
    service: keyOf(service),
    port: port.port,
    protocol: protocolOf(port),
    ...compilePolicy(policyForPort(index, service, port)?.resource.spec, clusterKey(service, port)),
    endpoints: endpointsOf(port, workloadsOf(index, endpoints, service)),
    // Left out rather than null: the views of everybody else stay the same, byte for byte.
    ...(tls === null ? {} : { tls }),
  };
}

/** Workload entries and healthy registered workloads of the Service's namespace that its selector picks. */
export function workloadsOf(index: ResourceIndex, endpoints: EndpointIndex, service: ServiceResource): Workload[] {
  const { namespace } = service.metadata;
  const written = index.workloadsSelected(namespace, service.spec.selector).map((entry): Workload => {
    return { name: keyOf(entry), address: entry.spec.address, ports: entry.spec.ports, weight: entry.spec.weight };
  });
  const registered = endpoints
    .select(namespace, service.spec.selector)
    .filter((endpoint) => endpoint.healthy)
    .map(({ name, address, ports, weight }): Workload => ({ name: `${namespace}/${name}`, address, ports, weight }));
  return [...written, ...registered];
}

/**
 * The port of a workload that a Service port leads to: the workload's port of the same name, else `targetPort` as a
 * number, else the workload's port of that name; null when the workload does not offer it.
 */
export function portOf(workload: Pick<Workload, 'ports'>, port: ServicePort): number | null {
  const named = (name: string): number | null =>
    Object.hasOwn(workload.ports, name) ? (workload.ports[name] ?? null) : null;
  return named(port.name) ?? (typeof port.targetPort === 'number' ? port.targetPort : named(port.targetPort));
}

/** Sorted; an address and port that two workloads claim appears once, under the first name. */
function endpointsOf(port: ServicePort, workloads: readonly Workload[]): EndpointView[] {
  const found: EndpointView[] = [];
  for (const workload of workloads) {
    const number = portOf(workload, port);
    if (number === null) continue;
    found.push({ ip: workload.address, port: number, weight: workload.weight, workload: workload.name });
  }
  found.sort((a, b) => compareAddresses(a, b) || compareText(a.workload, b.workload) || a.weight - b.weight);
  return found.filter((endpoint, i) => {
    const previous = found[i - 1];
    return previous === undefined || compareAddresses(previous, endpoint) !== 0;
  });
}

function compareAddresses(a: EndpointView, b: EndpointView): number {
  return compareIps(a.ip, b.ip) || a.port - b.port;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
