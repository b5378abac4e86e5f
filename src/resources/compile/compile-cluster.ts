import { isIP } from 'node:net';
import type { EndpointNameView } from '../../contract/cluster-views.ts';
import type { ClusterView, EndpointView } from '../../contract/views.ts';
import type { EndpointIndex } from '../endpoint-index.ts';
import type { Frontend } from '../frontend.ts';
import { compareIps } from '../ip-address.ts';
import { keyOf } from '../relations.ts';
import type { ResourceIndex } from '../resource-index.ts';
import type { ServicePort } from '../types.ts';
import { protocolOf } from './app-protocol.ts';
import { compilePolicy } from './compile-policy.ts';
import { compileTls } from './compile-tls.ts';
import { policyForPort } from './deciding-policy.ts';
import { type Backend, clusterKey } from './resolve-backend.ts';
import { acceptsMtls } from './secure-naming.ts';
import { portOf, type Workload, workloadsOf } from './select-workloads.ts';

/** One port of a Service or ServiceEntry as a set of endpoints. */
export function compileCluster(
  index: ResourceIndex,
  endpoints: EndpointIndex,
  { service, port }: Backend,
): ClusterView {
  const tls = compileTls(index, service, port);
  const workloads = workloadsOf(index, endpoints, service);
  const names = namesOf(port, workloads);
  // Members that say nothing are left out rather than null: the views of everybody else stay the same, byte for byte.
  return {
    service: keyOf(service),
    port: port.port,
    protocol: protocolOf(port),
    ...compilePolicy(policyForPort(index, service, port)?.resource.spec, clusterKey(service, port)),
    // A service with TLS of its own keeps to it: mutual TLS does not come on top.
    endpoints: endpointsOf(index, port, tls === null ? workloads : workloads.map(unsecured)),
    ...(names.length === 0 ? {} : { names }),
    ...(isPassthrough(service) ? { passthrough: true } : {}),
    ...(tls === null ? {} : { tls }),
  };
}

/** True when connections keep the destination that the program chose. */
export function isPassthrough(frontend: Frontend): boolean {
  return frontend.kind === 'ServiceEntry' && frontend.entry.spec.resolution === 'NONE';
}

/** Sorted; an address and port that two workloads claim appears once, under the first name. */
function endpointsOf(index: ResourceIndex, port: ServicePort, workloads: readonly Workload[]): EndpointView[] {
  const found: EndpointView[] = [];
  for (const workload of workloads) {
    const number = portOf(workload, port);
    if (number === null || isIP(workload.address) === 0) continue;
    const { address: ip, weight, name, locality } = workload;
    const identity = identityAt(index, workload, number);
    const optional = { ...(locality === undefined ? {} : { locality }), ...(identity === null ? {} : { identity }) };
    found.push({ ip, port: number, weight, workload: name, ...optional });
  }
  found.sort((a, b) => compareAddresses(a, b) || compareText(a.workload, b.workload) || a.weight - b.weight);
  return found.filter((endpoint, i) => {
    const previous = found[i - 1];
    return previous === undefined || compareAddresses(previous, endpoint) !== 0;
  });
}

function unsecured({ secured: _, ...rest }: Workload): Workload {
  return rest;
}

/** What the endpoint must show; null: it is reached without mutual TLS. */
function identityAt(index: ResourceIndex, { secured }: Workload, port: number): string | null {
  if (secured === undefined || !acceptsMtls(index, secured.namespace, secured.labels, port)) return null;
  return secured.identity;
}

/** Endpoints that are known by name, sorted; each name and port once. */
function namesOf(port: ServicePort, workloads: readonly Workload[]): EndpointNameView[] {
  const found = new Map<string, EndpointNameView>();
  for (const { address: host, weight, locality, ports } of workloads) {
    const number = portOf({ ports }, port);
    if (number === null || isIP(host) !== 0 || found.has(`${host}:${number}`)) continue;
    found.set(`${host}:${number}`, { host, port: number, weight, ...(locality === undefined ? {} : { locality }) });
  }
  return [...found.values()].sort((a, b) => compareText(a.host, b.host) || a.port - b.port);
}

function compareAddresses(a: EndpointView, b: EndpointView): number {
  return compareIps(a.ip, b.ip) || a.port - b.port;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
