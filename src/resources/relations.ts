/** Which resources a resource speaks of: the keys under which the index finds it again. */
import { type ServiceKey, serviceKey } from '../contract/views.ts';
import { assertNever } from '../core/result.ts';
import { isRouteTarget, type PolicyTarget } from './policy-types.ts';
import type { ObjectRef } from './route-types.ts';
import {
  type BackendTLSPolicyResource,
  type BackendTrafficPolicyResource,
  isRoute,
  type RequestRouteResource,
  type Resource,
  type RouteResource,
  type WorkloadPolicyResource,
} from './types.ts';

/** Reverse indexes from a Service or another resource to those that speak of it. */
export type Relation =
  | 'route-parent'
  | 'route-backend'
  | 'route-extension'
  | 'policy-target'
  | 'policy-route'
  | 'tls-policy-target'
  | 'tls-policy-authority'
  | 'virtual-ip'
  | 'entry-host'
  | 'egress'
  | 'workload-address'
  | 'peer-authentication'
  | 'workload-policy'
  | 'workload-policy-target';

/** Every relation of a resource, as the index keys it. */
export function relationsOf(resource: Resource): string[] {
  const named = (relation: Relation, keys: readonly string[]): string[] =>
    keys.map((key) => relationKey(relation, key));
  if (isRoute(resource)) {
    return [
      ...named('route-parent', parentKeys(resource)),
      ...named('route-backend', backendKeys(resource)),
      ...named('route-extension', extensionKeys(resource)),
    ];
  }
  switch (resource.kind) {
    case 'Service':
      return named('virtual-ip', resource.spec.clusterIPs);
    case 'ServiceEntry':
      return [...named('virtual-ip', resource.spec.addresses), ...named('entry-host', resource.spec.hosts)];
    case 'BackendTrafficPolicy':
      return [...named('policy-target', targetKeys(resource)), ...named('policy-route', targetRoutes(resource))];
    case 'BackendTLSPolicy':
      return [
        ...named('tls-policy-target', targetKeys(resource)),
        ...named('tls-policy-authority', authorityKeys(resource)),
      ];
    case 'Sidecar':
      return named('egress', ['']);
    case 'WorkloadEntry':
      return named('workload-address', [resource.spec.address]);
    case 'PeerAuthentication':
      return named('peer-authentication', [resource.metadata.namespace]);
    case 'RequestAuthentication':
    case 'AuthorizationPolicy':
      return workloadPolicyRelations(resource);
    case 'WorkloadGroup':
    case 'HTTPRouteFilter':
    case 'ConfigMap':
      return [];
    default:
      return assertNever(resource);
  }
}

function workloadPolicyRelations(policy: WorkloadPolicyResource): string[] {
  const targets = targetKeys(policy).map((key) => relationKey('workload-policy-target', key));
  return [relationKey('workload-policy', policy.metadata.namespace), ...targets];
}

export function relationKey(relation: Relation, key: string): string {
  return `${relation} ${key}`;
}

/** `<namespace>/<name>`. */
export function keyOf(resource: Pick<Resource, 'metadata'>): ServiceKey {
  return serviceKey(resource.metadata.namespace, resource.metadata.name);
}

/** `<namespace>/<name>` of what a route refers to; the kind is not part of it. */
export function refKey(route: Pick<RouteResource, 'metadata'>, ref: ObjectRef): ServiceKey {
  return serviceKey(ref.namespace ?? route.metadata.namespace, ref.name);
}

/** What a route names as parents, each once. */
export function parentKeys(route: RouteResource): ServiceKey[] {
  return unique(route.spec.parentRefs.map((ref) => refKey(route, ref)));
}

/** What a route names as backends and mirrors, each once; unknown kinds are looked up in vain, which is harmless. */
export function backendKeys(route: RouteResource): ServiceKey[] {
  const refs: ObjectRef[] = route.spec.rules.flatMap((rule) => rule.backendRefs);
  if (route.kind === 'HTTPRoute' || route.kind === 'GRPCRoute') {
    for (const filter of filtersOf(route))
      if (filter.type === 'RequestMirror') refs.push(filter.requestMirror.backendRef);
  }
  return unique(refs.map((ref) => refKey(route, ref)));
}

/** The HTTPRouteFilters that a route names, each once. */
function extensionKeys(route: RouteResource): string[] {
  if (route.kind !== 'HTTPRoute' && route.kind !== 'GRPCRoute') return [];
  const names = filtersOf(route).flatMap((filter) =>
    filter.type === 'ExtensionRef' ? [filter.extensionRef.name] : [],
  );
  return unique(names.map((name) => serviceKey(route.metadata.namespace, name)));
}

function filtersOf(route: RequestRouteResource) {
  return route.spec.rules.flatMap((rule) => [...rule.filters, ...rule.backendRefs.flatMap((ref) => ref.filters)]);
}

/** The Services and ServiceEntries that a policy targets. */
export function targetKeys({
  metadata,
  spec,
}: BackendTrafficPolicyResource | BackendTLSPolicyResource | WorkloadPolicyResource): ServiceKey[] {
  const refs: readonly PolicyTarget[] = spec.targetRefs ?? [];
  const names = refs.flatMap((ref) => (isRouteTarget(ref) ? [] : [ref.name]));
  return unique(names.map((name) => serviceKey(metadata.namespace, name)));
}

/** The routes that a policy targets, as `HTTPRoute shop/orders`. */
function targetRoutes({ metadata, spec }: BackendTrafficPolicyResource): string[] {
  const routes = spec.targetRefs.filter(isRouteTarget);
  return unique(routes.map(({ kind, name }) => `${kind} ${serviceKey(metadata.namespace, name)}`));
}

function authorityKeys({ metadata, spec }: BackendTLSPolicyResource): string[] {
  return unique(spec.validation.caCertificateRefs.map((ref) => serviceKey(metadata.namespace, ref.name)));
}

/** Each once, in the order of their first. */
export function unique(keys: readonly string[]): string[] {
  return [...new Set(keys)];
}
