import type { RegisteredEndpoint } from '../change.ts';
import type { EndpointIndex } from '../endpoint-index.ts';
import type { Frontend } from '../frontend.ts';
import type { ServiceEntryEndpoint } from '../registry-types.ts';
import { keyOf } from '../relations.ts';
import { type ResourceIndex, workloadLabels } from '../resource-index.ts';
import type { Labels } from '../selector-index.ts';
import type { ServiceEntryResource, ServicePort, WorkloadEntryResource } from '../types.ts';
import { identityOfRegistered, identityOfWritten } from './secure-naming.ts';

/** Where traffic of a frontend may go, whether written as a WorkloadEntry, registered by an agent or part of a ServiceEntry. */
export interface Workload {
  readonly name: string;
  /** An IP, or a host name that agents resolve. */
  readonly address: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly weight: number;
  readonly locality?: string | undefined;
  /** For mutual TLS; absent: it speaks none. */
  readonly secured?: SecuredWorkload | undefined;
}

export interface SecuredWorkload {
  /** SPIFFE ID expected of it. */
  readonly identity: string;
  readonly namespace: string;
  readonly labels: Labels;
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
  const written = index.workloadsSelected(namespace, selector).map((entry) => {
    const identity = identityOfWritten(endpoints, entry);
    return workload(keyOf(entry), entry.spec, identity && { identity, namespace, labels: workloadLabels(entry) });
  });
  const registered = endpoints
    .select(namespace, selector)
    .filter((endpoint) => endpoint.healthy)
    .map((endpoint) => {
      const identity = identityOfRegistered(endpoint);
      const { labels } = endpoint;
      return workload(`${namespace}/${endpoint.name}`, endpoint, identity && { identity, namespace, labels });
    });
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
  secured?: SecuredWorkload | '' | undefined,
): Workload {
  const known = { name, address, ports, weight, ...(locality === undefined ? {} : { locality }) };
  return secured === undefined || secured === '' ? known : { ...known, secured };
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
