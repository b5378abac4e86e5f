import type { ServiceKey } from '../contract/views.ts';
import type { Change } from './change.ts';
import { frontendOf, type StoredFrontend } from './frontend.ts';
import { getOrCreate } from './get-or-create.ts';
import { LabelIndex } from './label-index.ts';
import { olderFirst } from './older-first.ts';
import type { RouteTarget } from './policy-types.ts';
import { keyOf, type Relation, relationKey, relationsOf, unique } from './relations.ts';
import { type Labels, SelectorIndex } from './selector-index.ts';
import { keyOfOwner, selectorOf, selectorOwner } from './selector-owner.ts';
import {
  type AuthorizationPolicyResource,
  type BackendTLSPolicyResource,
  type BackendTrafficPolicyResource,
  type ConfigMapResource,
  type HTTPRouteFilterResource,
  type Kind,
  type PeerAuthenticationResource,
  type RequestAuthenticationResource,
  type Resource,
  type ResourceId,
  type ResourceOf,
  type RouteResource,
  resourceId,
  type ServiceEntryResource,
  type ServiceResource,
  type SidecarResource,
  type StoredResource,
  type WorkloadEntryResource,
  type WorkloadGroupResource,
  type WorkloadPolicyResource,
} from './types.ts';

export { keyOf, parentKeys, targetKeys } from './relations.ts';

/** A stored resource whose kind is known. */
export interface Stored<R extends Resource> extends StoredResource {
  readonly resource: R;
}

const ROUTE_KINDS = ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute'] as const;

/**
 * Every resource in memory, with the reverse indexes that keep the cost of a change independent of the number of
 * Services: Services by selector, workload entries by label, routes by parent and by backend, policies by target.
 */
export class ResourceIndex {
  readonly #byId = new Map<ResourceId, StoredResource>();
  readonly #selectors = new SelectorIndex();
  readonly #workloads = new LabelIndex();
  readonly #relations = new Map<string, Set<ResourceId>>();

  get(id: ResourceId): StoredResource | undefined {
    return this.#byId.get(id);
  }

  /** All resources, or those of one kind, sorted by id. Costs the number of resources. */
  list(kind?: Kind): StoredResource[] {
    return [...this.#byId]
      .filter(([, stored]) => kind === undefined || stored.resource.kind === kind)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, stored]) => stored);
  }

  /** Adds, or replaces the resource of the same kind, namespace and name. */
  put(stored: StoredResource): Change {
    const id = resourceId(stored.resource);
    const { before } = this.delete(id);
    this.#byId.set(id, stored);
    this.#link(id, stored.resource);
    return { type: 'resource', before, after: stored.resource };
  }

  delete(id: ResourceId): { readonly type: 'resource'; readonly before: Resource | null; readonly after: null } {
    const before = this.#byId.get(id)?.resource ?? null;
    this.#byId.delete(id);
    if (before !== null) this.#unlink(id, before);
    return { type: 'resource', before, after: null };
  }

  service(key: ServiceKey): Stored<ServiceResource> | undefined {
    return storedOf(this.#byId.get(idOf('Service', key)), 'Service');
  }

  /** The Service or ServiceEntry that has the name: of two the older, since both are known by it alone. */
  frontend(key: ServiceKey): StoredFrontend | undefined {
    const service = this.service(key);
    const [entry] = frontends(storedOf(this.#byId.get(idOf('ServiceEntry', key)), 'ServiceEntry'));
    if (service === undefined || entry === undefined) return service ?? entry;
    return olderFirst(entry, service) < 0 ? entry : service;
  }

  /** The names of all Services and ServiceEntries, each once, sorted. */
  frontendKeys(): ServiceKey[] {
    const all = [...this.list('Service'), ...this.list('ServiceEntry')];
    return unique(all.map(({ resource }) => keyOf(resource))).sort();
  }

  /** The Services and ServiceEntries of a namespace whose selector picks a workload with these labels. */
  servicesSelecting(namespace: string, labels: Labels): ServiceKey[] {
    return unique(this.#selectors.matching(namespace, labels).map(keyOfOwner));
  }

  /** The workload entries of a namespace that a selector picks. */
  workloadsSelected(namespace: string, selector: Labels): WorkloadEntryResource[] {
    return this.#workloads.select(namespace, selector).flatMap((id) => {
      const resource = this.#byId.get(id as ResourceId)?.resource;
      return resource?.kind === 'WorkloadEntry' ? [resource] : [];
    });
  }

  /** Routes of any kind and namespace with a parentRef of that name, in no particular order. */
  routesWithParent(key: ServiceKey): Stored<RouteResource>[] {
    return this.#related('route-parent', key, ...ROUTE_KINDS);
  }

  /** Routes with a backendRef or mirror of that name. */
  routesWithBackend(key: ServiceKey): Stored<RouteResource>[] {
    return this.#related('route-backend', key, ...ROUTE_KINDS);
  }

  /** Routes with an ExtensionRef to the HTTPRouteFilter `<namespace>/<name>`. */
  routesWithExtension(key: string): Stored<RouteResource>[] {
    return this.#related('route-extension', key, ...ROUTE_KINDS);
  }

  httpRouteFilter(key: string): HTTPRouteFilterResource | undefined {
    return storedOf(this.#byId.get(idOf('HTTPRouteFilter', key)), 'HTTPRouteFilter')?.resource;
  }

  policiesTargeting(key: ServiceKey): Stored<BackendTrafficPolicyResource>[] {
    return this.#related('policy-target', key, 'BackendTrafficPolicy');
  }

  /** `kind` and `key` are those of the route. */
  policiesTargetingRoute(kind: RouteTarget['kind'], key: string): Stored<BackendTrafficPolicyResource>[] {
    return this.#related('policy-route', `${kind} ${key}`, 'BackendTrafficPolicy');
  }

  tlsPoliciesTargeting(key: ServiceKey): Stored<BackendTLSPolicyResource>[] {
    return this.#related('tls-policy-target', key, 'BackendTLSPolicy');
  }

  /** Policies that take certificates from the ConfigMap `<namespace>/<name>`. */
  tlsPoliciesTrusting(key: string): Stored<BackendTLSPolicyResource>[] {
    return this.#related('tls-policy-authority', key, 'BackendTLSPolicy');
  }

  workloadGroup(key: string): WorkloadGroupResource | undefined {
    return storedOf(this.#byId.get(idOf('WorkloadGroup', key)), 'WorkloadGroup')?.resource;
  }

  /** The Sidecars of all namespaces, in no particular order. */
  sidecars(): Stored<SidecarResource>[] {
    return this.#related('egress', '', 'Sidecar');
  }

  workloadsAt(address: string): WorkloadEntryResource[] {
    return this.#related('workload-address', address, 'WorkloadEntry').map(({ resource }) => resource);
  }

  /** Those of a namespace, in no particular order. */
  peerAuthentications(namespace: string): Stored<PeerAuthenticationResource>[] {
    return this.#related('peer-authentication', namespace, 'PeerAuthentication');
  }

  configMap(key: string): ConfigMapResource | undefined {
    return storedOf(this.#byId.get(idOf('ConfigMap', key)), 'ConfigMap')?.resource;
  }

  /** The frontends that ask for an address or range; more than one is a conflict. */
  frontendsWithVirtualIp(ip: string): StoredFrontend[] {
    return frontends(...this.#related('virtual-ip', ip, 'Service', 'ServiceEntry'));
  }

  /** The ServiceEntries with a host; more than one is a conflict. */
  frontendsWithHost(host: string): StoredFrontend[] {
    return frontends(...this.#related('entry-host', host, 'ServiceEntry'));
  }

  /** RequestAuthentications of a namespace. */
  requestAuthentications(namespace: string): Stored<RequestAuthenticationResource>[] {
    return this.#related('workload-policy', namespace, 'RequestAuthentication');
  }

  authorizationPolicies(namespace: string): Stored<AuthorizationPolicyResource>[] {
    return this.#related('workload-policy', namespace, 'AuthorizationPolicy');
  }

  /** Policies for the workloads behind a Service or ServiceEntry. */
  workloadPoliciesTargeting(key: ServiceKey): Stored<WorkloadPolicyResource>[] {
    return this.#related('workload-policy-target', key, 'RequestAuthentication', 'AuthorizationPolicy');
  }

  #related<K extends Kind>(relation: Relation, key: string, ...kinds: readonly K[]): Stored<ResourceOf<K>>[] {
    const ids = this.#relations.get(relationKey(relation, key));
    // Most relations of most services are empty.
    if (ids === undefined) return [];
    return [...ids].flatMap((id) => storedOf(this.#byId.get(id), ...kinds) ?? []);
  }

  #link(id: ResourceId, resource: Resource): void {
    const { namespace } = resource.metadata;
    this.#selectors.add(namespace, selectorOf(resource), selectorOwner(resource));
    if (resource.kind === 'WorkloadEntry') this.#workloads.add(namespace, workloadLabels(resource), id);
    for (const key of relationsOf(resource)) getOrCreate(this.#relations, key, () => new Set()).add(id);
  }

  #unlink(id: ResourceId, resource: Resource): void {
    const { namespace } = resource.metadata;
    this.#selectors.remove(namespace, selectorOf(resource), selectorOwner(resource));
    if (resource.kind === 'WorkloadEntry') this.#workloads.remove(namespace, workloadLabels(resource), id);
    for (const key of relationsOf(resource)) {
      const ids = this.#relations.get(key);
      ids?.delete(id);
      if (ids?.size === 0) this.#relations.delete(key);
    }
  }
}

function frontends(
  ...stored: readonly (Stored<ServiceResource | ServiceEntryResource> | undefined)[]
): StoredFrontend[] {
  return stored.flatMap((one) => (one === undefined ? [] : [{ ...one, resource: frontendOf(one.resource) }]));
}

/** Labels of metadata and spec together; metadata wins, as in Istio. */
export function workloadLabels(entry: WorkloadEntryResource): Labels {
  return { ...entry.spec.labels, ...entry.metadata.labels };
}

/** From `<namespace>/<name>`. */
function idOf(kind: Kind, key: string): ResourceId {
  const [namespace = '', name = ''] = key.split('/');
  return `${kind}.${namespace}.${name}`;
}

function storedOf<K extends Kind>(
  stored: StoredResource | undefined,
  ...kinds: readonly K[]
): Stored<ResourceOf<K>> | undefined {
  const isOfKind = (resource: Resource): resource is ResourceOf<K> => kinds.some((kind) => kind === resource.kind);
  return stored !== undefined && isOfKind(stored.resource) ? { ...stored, resource: stored.resource } : undefined;
}
