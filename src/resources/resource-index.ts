import { type ServiceKey, serviceKey } from '../contract/views.ts';
import type { Change } from './change.ts';
import { getOrCreate } from './get-or-create.ts';
import { LabelIndex } from './label-index.ts';
import type { RouteTarget } from './policy-types.ts';
import { type Labels, SelectorIndex } from './selector-index.ts';
import {
  type BackendTLSPolicyResource,
  type BackendTrafficPolicyResource,
  type ConfigMapResource,
  type HTTPRouteResource,
  type Kind,
  type Resource,
  type ResourceId,
  resourceId,
  type ServiceResource,
  type StoredResource,
  type WorkloadEntryResource,
} from './types.ts';

/** A stored resource whose kind is known. */
export interface Stored<R extends Resource> extends StoredResource {
  readonly resource: R;
}

/** Reverse indexes from a Service to the resources that speak of it. */
type Relation =
  | 'route-parent'
  | 'route-backend'
  | 'policy-target'
  | 'policy-route'
  | 'tls-policy-target'
  | 'tls-policy-authority'
  | 'virtual-ip';

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
    const [namespace = '', name = ''] = key.split('/');
    return storedOf(this.#byId.get(`Service.${namespace}.${name}`), isService);
  }

  /** The Services of a namespace whose selector picks a workload with these labels. */
  servicesSelecting(namespace: string, labels: Labels): ServiceKey[] {
    return this.#selectors.matching(namespace, labels);
  }

  /** The workload entries of a namespace that a selector picks. */
  workloadsSelected(namespace: string, selector: Labels): WorkloadEntryResource[] {
    return this.#workloads.select(namespace, selector).flatMap((id) => {
      const resource = this.#byId.get(id as ResourceId)?.resource;
      return resource?.kind === 'WorkloadEntry' ? [resource] : [];
    });
  }

  /** Routes of any namespace with a parentRef to the Service, in no particular order. */
  routesWithParent(key: ServiceKey): Stored<HTTPRouteResource>[] {
    return this.#related('route-parent', key).flatMap((stored) => storedOf(stored, isRoute) ?? []);
  }

  /** Routes with a backendRef to the Service. */
  routesWithBackend(key: ServiceKey): Stored<HTTPRouteResource>[] {
    return this.#related('route-backend', key).flatMap((stored) => storedOf(stored, isRoute) ?? []);
  }

  policiesTargeting(key: ServiceKey): Stored<BackendTrafficPolicyResource>[] {
    return this.#related('policy-target', key).flatMap((stored) => storedOf(stored, isPolicy) ?? []);
  }

  /** `kind` and `key` are those of the route. */
  policiesTargetingRoute(kind: RouteTarget['kind'], key: string): Stored<BackendTrafficPolicyResource>[] {
    return this.#related('policy-route', `${kind} ${key}`).flatMap((stored) => storedOf(stored, isPolicy) ?? []);
  }

  tlsPoliciesTargeting(key: ServiceKey): Stored<BackendTLSPolicyResource>[] {
    return this.#related('tls-policy-target', key).flatMap((stored) => storedOf(stored, isTlsPolicy) ?? []);
  }

  /** Policies that take certificates from the ConfigMap `<namespace>/<name>`. */
  tlsPoliciesTrusting(key: string): Stored<BackendTLSPolicyResource>[] {
    return this.#related('tls-policy-authority', key).flatMap((stored) => storedOf(stored, isTlsPolicy) ?? []);
  }

  configMap(key: string): ConfigMapResource | undefined {
    const [namespace = '', name = ''] = key.split('/');
    const resource = this.#byId.get(`ConfigMap.${namespace}.${name}`)?.resource;
    return resource?.kind === 'ConfigMap' ? resource : undefined;
  }

  /** The Services that ask for a virtual IP; more than one is a conflict. */
  servicesWithVirtualIp(ip: string): Stored<ServiceResource>[] {
    return this.#related('virtual-ip', ip).flatMap((stored) => storedOf(stored, isService) ?? []);
  }

  #related(relation: Relation, key: string): StoredResource[] {
    return [...(this.#relations.get(`${relation} ${key}`) ?? [])].flatMap((id) => this.#byId.get(id) ?? []);
  }

  #link(id: ResourceId, resource: Resource): void {
    const { namespace } = resource.metadata;
    if (resource.kind === 'Service') this.#selectors.add(namespace, resource.spec.selector, keyOf(resource));
    if (resource.kind === 'WorkloadEntry') this.#workloads.add(namespace, workloadLabels(resource), id);
    for (const key of relationsOf(resource)) getOrCreate(this.#relations, key, () => new Set()).add(id);
  }

  #unlink(id: ResourceId, resource: Resource): void {
    const { namespace } = resource.metadata;
    if (resource.kind === 'Service') this.#selectors.remove(namespace, resource.spec.selector, keyOf(resource));
    if (resource.kind === 'WorkloadEntry') this.#workloads.remove(namespace, workloadLabels(resource), id);
    for (const key of relationsOf(resource)) {
      const ids = this.#relations.get(key);
      ids?.delete(id);
      if (ids?.size === 0) this.#relations.delete(key);
    }
  }
}

/** Labels of metadata and spec together; metadata wins, as in Istio. */
export function workloadLabels(entry: WorkloadEntryResource): Labels {
  return { ...entry.spec.labels, ...entry.metadata.labels };
}

/** `<namespace>/<name>`. */
export function keyOf(resource: Resource): ServiceKey {
  return serviceKey(resource.metadata.namespace, resource.metadata.name);
}

/** The Services that a route names as parents, each once. */
export function parentKeys(route: HTTPRouteResource): ServiceKey[] {
  return unique(route.spec.parentRefs.map((ref) => serviceKey(ref.namespace ?? route.metadata.namespace, ref.name)));
}

/** The Services that a route names as backends, each once; other kinds are looked up in vain, which is harmless. */
export function backendKeys(route: HTTPRouteResource): ServiceKey[] {
  const refs = route.spec.rules.flatMap((rule) => rule.backendRefs);
  return unique(refs.map((ref) => serviceKey(ref.namespace ?? route.metadata.namespace, ref.name)));
}

/** The Services that a policy targets. */
export function targetKeys({ metadata, spec }: BackendTrafficPolicyResource | BackendTLSPolicyResource): ServiceKey[] {
  const names = spec.targetRefs.flatMap((ref) => (ref.kind === 'Service' ? [ref.name] : []));
  return unique(names.map((name) => serviceKey(metadata.namespace, name)));
}

/** The routes that a policy targets, as `HTTPRoute shop/orders`. */
export function targetRoutes({ metadata, spec }: BackendTrafficPolicyResource): string[] {
  const routes = spec.targetRefs.filter((ref) => ref.kind !== 'Service');
  return unique(routes.map(({ kind, name }) => `${kind} ${serviceKey(metadata.namespace, name)}`));
}

function authorityKeys({ metadata, spec }: BackendTLSPolicyResource): string[] {
  return unique(spec.validation.caCertificateRefs.map((ref) => serviceKey(metadata.namespace, ref.name)));
}

function relationsOf(resource: Resource): string[] {
  const named = (relation: Relation, keys: readonly string[]): string[] => keys.map((key) => `${relation} ${key}`);
  switch (resource.kind) {
    case 'Service':
      return named('virtual-ip', resource.spec.clusterIPs);
    case 'WorkloadEntry':
      return [];
    case 'HTTPRoute':
      return [...named('route-parent', parentKeys(resource)), ...named('route-backend', backendKeys(resource))];
    case 'BackendTrafficPolicy':
      return [...named('policy-target', targetKeys(resource)), ...named('policy-route', targetRoutes(resource))];
    case 'BackendTLSPolicy':
      return [
        ...named('tls-policy-target', targetKeys(resource)),
        ...named('tls-policy-authority', authorityKeys(resource)),
      ];
    case 'ConfigMap':
      return [];
  }
}

function unique(keys: readonly string[]): string[] {
  return [...new Set(keys)];
}

function isService(resource: Resource): resource is ServiceResource {
  return resource.kind === 'Service';
}
function isRoute(resource: Resource): resource is HTTPRouteResource {
  return resource.kind === 'HTTPRoute';
}
function isTlsPolicy(resource: Resource): resource is BackendTLSPolicyResource {
  return resource.kind === 'BackendTLSPolicy';
}
function isPolicy(resource: Resource): resource is BackendTrafficPolicyResource {
  return resource.kind === 'BackendTrafficPolicy';
}

function storedOf<R extends Resource>(
  stored: StoredResource | undefined,
  is: (resource: Resource) => resource is R,
): Stored<R> | undefined {
  return stored !== undefined && is(stored.resource) ? { ...stored, resource: stored.resource } : undefined;
}
