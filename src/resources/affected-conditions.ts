import type { ServiceKey } from '../contract/views.ts';
import { affectedServices } from './affected-services.ts';
import type { Change } from './change.ts';
import { isRouteTarget } from './policy-types.ts';
import { keyOf, parentKeys, type ResourceIndex, targetKeys } from './resource-index.ts';
import {
  type BackendTrafficPolicyResource,
  isRoute,
  type Resource,
  type ResourceId,
  type RouteResource,
  resourceId,
} from './types.ts';

/**
 * The resources of which something else may have to be said after a change, sorted; the changed one is among them, even when it is gone.
 * Endpoints change nothing. The cost follows the number of resources that speak of the same services.
 */
export function affectedConditions(index: ResourceIndex, change: Change): ResourceId[] {
  if (change.type === 'endpoint') return [];
  const found = new Set<ResourceId>();
  for (const resource of [change.before, change.after]) {
    if (resource === null) continue;
    found.add(resourceId(resource));
    for (const other of concernedBy(index, resource, change)) found.add(resourceId(other.resource));
  }
  return [...found].sort();
}

type Found = readonly { readonly resource: Resource }[];

function concernedBy(index: ResourceIndex, resource: Resource, change: Change): Found {
  if (isRoute(resource)) return rivalsOfRoute(index, resource);
  switch (resource.kind) {
    case 'Service':
    case 'ServiceEntry':
      return affectedServices(index, change).flatMap((key) => speakingOf(index, key));
    case 'HTTPRouteFilter':
      return index
        .routesWithExtension(keyOf(resource))
        .flatMap((stored) => [stored, ...rivalsOfRoute(index, stored.resource)]);
    case 'BackendTrafficPolicy':
      return rivalsOfPolicy(index, resource);
    case 'BackendTLSPolicy':
      return targetKeys(resource).flatMap((key) => index.tlsPoliciesTargeting(key));
    case 'PeerAuthentication':
      return index.peerAuthentications(resource.metadata.namespace);
    case 'ConfigMap':
      return index.tlsPoliciesTrusting(keyOf(resource));
    default:
      return [];
  }
}

/** Routes of one port take it from each other, by kind and by number; policies want to know whether the route is there. */
function rivalsOfRoute(index: ResourceIndex, route: RouteResource): Found {
  const rivals = parentKeys(route).flatMap((key) => index.routesWithParent(key));
  if (route.kind !== 'HTTPRoute' && route.kind !== 'GRPCRoute') return rivals;
  return [...rivals, ...index.policiesTargetingRoute(route.kind, keyOf(route))];
}

function rivalsOfPolicy(index: ResourceIndex, policy: BackendTrafficPolicyResource): Found {
  const { namespace } = policy.metadata;
  return policy.spec.targetRefs.flatMap((ref): Found => {
    const key = `${namespace}/${ref.name}`;
    return isRouteTarget(ref) ? index.policiesTargetingRoute(ref.kind, key) : index.policiesTargeting(key);
  });
}

/** What has the name, and everything that refers to it. */
function speakingOf(index: ResourceIndex, key: ServiceKey): Found {
  const [namespace = '', name = ''] = key.split('/');
  return [
    index.get(`Service.${namespace}.${name}`) ?? [],
    index.get(`ServiceEntry.${namespace}.${name}`) ?? [],
    index.routesWithParent(key),
    index.routesWithBackend(key),
    index.policiesTargeting(key),
    index.tlsPoliciesTargeting(key),
    index.workloadPoliciesTargeting(key),
  ].flat();
}
