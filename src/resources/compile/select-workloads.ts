import type { RegisteredEndpoint } from '../change.ts';
import type { EndpointIndex } from '../endpoint-index.ts';
import type { Frontend } from '../frontend.ts';
import type { ServiceEntryEndpoint } from '../registry-types.ts';
import { keyOf } from '../relations.ts';
import type { ResourceIndex } from '../resource-index.ts';
import type { Labels } from '../selector-index.ts';
import type { ServiceEntryResource, ServicePort, WorkloadEntryResource } from '../types.ts';

/** Where traffic of a frontend may go, whether written as a WorkloadEntry, registered by an agent or part of a ServiceEntry. */
export interface Workload {
  readonly name: string;
  /** An IP, or a host name that agents resolve. */
  readonly address: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly weight: number;
  readonly locality?: string | undefined;
}

/** Workload entries and healthy registered workloads that a selector picks, and the endpoints that a ServiceEntry names. */
export function workloadsOf(index: ResourceIndex, endpoints: EndpointIndex, frontend: Frontend): Workload[] {
  const { namespace } = frontend.metadata;
  if (frontend.kind === 'Service') return selected(index, endpoints, namespace, frontend.spec.selector);
  const { workloadSelector } = frontend.entry.spec;
  return workloadSelector === undefined
    ? named(frontend.entry)
    : selected(index, endpoints, namespace, workloadSelector.labels);
}

function selected(index: ResourceIndex, endpoints: EndpointIndex, namespace: string, selector: Labels): Workload[] {
  const written = index.workloadsSelected(namespace, selector).map((entry) => workload(keyOf(entry), entry.spec));
  const registered = endpoints
    .select(namespace, selector)
    .filter((endpoint) => endpoint.healthy)
    .map((endpoint) => workload(`${namespace}/${endpoint.name}`, endpoint));
  return [...written, ...registered];
}

/** Inline endpoints are called by the entry and their place; without any, the host itself is resolved. */
function named(entry: ServiceEntryResource): Workload[] {
  const { endpoints, hosts, resolution } = entry.spec;
  if (endpoints.length > 0) return endpoints.map((endpoint, i) => workload(`${keyOf(entry)}-${i}`, endpoint));
  const [host] = hosts;
  if (host === undefined || resolution === 'NONE' || resolution === 'STATIC') return [];
  return [{ name: keyOf(entry), address: host, ports: {}, weight: 1 }];
}

function workload(
  name: string,
  { address, ports, weight, locality }: ServiceEntryEndpoint | WorkloadEntryResource['spec'] | RegisteredEndpoint,
): Workload {
  return { name, address, ports, weight, ...(locality === undefined ? {} : { locality }) };
}

/**
 * The port of a workload that a frontend's port leads to: the workload's port of the same name, else `targetPort` as a
 * number, else the workload's port of that name; null when the workload does not offer it.
 */
export function portOf(workload: Pick<Workload, 'ports'>, port: ServicePort): number | null {
  const named = (name: string): number | null =>
    Object.hasOwn(workload.ports, name) ? (workload.ports[name] ?? null) : null;
  return named(port.name) ?? (typeof port.targetPort === 'number' ? port.targetPort : named(port.targetPort));
}
