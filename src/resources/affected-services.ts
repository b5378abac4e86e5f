import type { ServiceKey } from '../contract/views.ts';
import { assertNever } from '../core/result.ts';
import { claims } from './allocate-virtual-ips.ts';
import type { Change } from './change.ts';
import { targetRoute } from './policy-target.ts';
import { isRouteTarget } from './policy-types.ts';
import { keyOf, parentKeys, type ResourceIndex, targetKeys, workloadLabels } from './resource-index.ts';
import { ROOT_NAMESPACE } from './root-namespace.ts';
import type {
  BackendTrafficPolicyResource,
  PeerAuthenticationResource,
  Resource,
  RouteResource,
  ServiceEntryResource,
  ServiceResource,
} from './types.ts';

/**
 * The services whose views a change may alter, sorted; a service that no longer exists is included, so that its view is
 * withdrawn. May be called before or after the change is put into the index. The cost follows the number of services
 * found and the routes that name them, not the number of services there are.
 */
export function affectedServices(index: ResourceIndex, change: Change): ServiceKey[] {
  const found = new Set<ServiceKey>();
  switch (change.type) {
    case 'resource':
      for (const resource of [change.before, change.after]) {
        if (resource !== null) addAffectedBy(index, resource, found);
      }
      break;
    case 'endpoint':
      for (const endpoint of [change.before, change.after]) {
        if (endpoint === null) continue;
        addWithDependents(index, index.servicesSelecting(endpoint.namespace, endpoint.labels), found);
        // Written workloads at its address are reached by mutual TLS when it is.
        const { before, after } = change;
        if (before?.identity === after?.identity && before?.address === after?.address) continue;
        for (const entry of index.workloadsAt(endpoint.address)) addAffectedBy(index, entry, found);
      }
      break;
    default:
      assertNever(change);
  }
  return [...found].sort();
}

function addAffectedBy(index: ResourceIndex, resource: Resource, found: Set<ServiceKey>): void {
  switch (resource.kind) {
    case 'Service':
    case 'ServiceEntry':
      addWithDependents(index, [keyOf(resource)], found);
      for (const rival of rivalsOf(index, resource)) found.add(rival);
      return;
    case 'WorkloadEntry':
      addWithDependents(index, index.servicesSelecting(resource.metadata.namespace, workloadLabels(resource)), found);
      return;
    case 'RequestAuthentication':
    case 'AuthorizationPolicy':
    case 'Sidecar':
    // The workloads of a group change as such when their group does.
    case 'WorkloadGroup':
      return;
    case 'HTTPRoute':
    case 'GRPCRoute':
    case 'TLSRoute':
    case 'TCPRoute':
      addParents(resource, found);
      return;
    case 'HTTPRouteFilter':
      for (const { resource: route } of index.routesWithExtension(keyOf(resource))) addParents(route, found);
      return;
    case 'BackendTrafficPolicy':
      for (const route of targetRoutes(index, resource)) addParents(route, found);
      return addWithDependents(index, targetKeys(resource), found);
    case 'BackendTLSPolicy':
      return addWithDependents(index, targetKeys(resource), found);
    case 'PeerAuthentication':
      return addWithDependents(index, coveredServices(index, resource), found);
    case 'ConfigMap':
      return addWithDependents(index, trustingServices(index, keyOf(resource)), found);
    default:
      assertNever(resource);
  }
}

/** @param key of a ConfigMap with certificates */
function trustingServices(index: ResourceIndex, key: string): ServiceKey[] {
  return index.tlsPoliciesTrusting(key).flatMap((policy) => targetKeys(policy.resource));
}

/** Callers learn from the view of a service whether its endpoints speak mutual TLS. */
function coveredServices(index: ResourceIndex, { metadata }: PeerAuthenticationResource): ServiceKey[] {
  const all = index.frontendKeys();
  return metadata.namespace === ROOT_NAMESPACE ? all : all.filter((key) => key.startsWith(`${metadata.namespace}/`));
}

/**
 * Who asks for an address or host of the resource, or of the one that shares its name: that one takes or loses the name, and with it
 * its addresses.
 */
function rivalsOf(index: ResourceIndex, resource: ServiceResource | ServiceEntryResource): ServiceKey[] {
  const { namespace, name } = resource.metadata;
  const namesake = index.get(`${resource.kind === 'Service' ? 'ServiceEntry' : 'Service'}.${namespace}.${name}`);
  const both = [resource, ...(namesake === undefined ? [] : [namesake.resource])];
  const rivals = [
    ...both.flatMap(claims).flatMap((ip) => index.frontendsWithVirtualIp(ip)),
    ...both.flatMap(hostsOf).flatMap((host) => index.frontendsWithHost(host)),
  ];
  return rivals.map((rival) => keyOf(rival.resource));
}

function hostsOf(resource: Resource): readonly string[] {
  return resource.kind === 'ServiceEntry' ? resource.spec.hosts : [];
}

function targetRoutes(index: ResourceIndex, policy: BackendTrafficPolicyResource): RouteResource[] {
  return policy.spec.targetRefs.filter(isRouteTarget).flatMap((ref) => targetRoute(index, policy, ref) ?? []);
}

/** A service's endpoints also appear in the views of the services whose routes name it as a backend. */
function addWithDependents(index: ResourceIndex, keys: readonly ServiceKey[], found: Set<ServiceKey>): void {
  for (const key of keys) {
    found.add(key);
    for (const { resource } of index.routesWithBackend(key)) addParents(resource, found);
  }
}

function addParents(route: RouteResource, found: Set<ServiceKey>): void {
  for (const key of parentKeys(route)) found.add(key);
}
