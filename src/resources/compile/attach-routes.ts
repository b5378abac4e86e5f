import type { Stored } from '../resource-index.ts';
import { keyOf, type ResourceIndex } from '../resource-index.ts';
import type {
  HTTPRouteResource,
  HTTPRouteRule,
  ParentRef,
  ServicePort,
  ServiceResource,
  StoredResource,
} from '../types.ts';
import { carriesHttp } from './app-protocol.ts';

/** More entries than this on one port are dropped, youngest route first, so that a view stays publishable. */
export const MAX_ENTRIES_PER_PORT = 2048;

export interface AttachedRule {
  readonly route: Stored<HTTPRouteResource>;
  readonly rule: HTTPRouteRule;
  /** Position in the route's list. */
  readonly index: number;
}

export interface AttachedRules {
  /** Oldest route first, then by namespace/name, then as listed. */
  readonly rules: readonly AttachedRule[];
  /** Beyond the limit: they get no traffic. */
  readonly dropped: readonly AttachedRule[];
  /** False: no route is attached, so traffic just flows. */
  readonly routed: boolean;
}

/** The rules of all producer routes (same namespace as the Service) that are attached to one port. */
export function attachRoutes(index: ResourceIndex, service: ServiceResource, port: ServicePort): AttachedRules {
  const routes = carriesHttp(port)
    ? index
        .routesWithParent(keyOf(service))
        .filter((stored) => isProducerRoute(stored.resource, service) && attaches(stored.resource, service, port))
        .sort(olderFirst)
    : [];
  const rules: AttachedRule[] = [];
  const dropped: AttachedRule[] = [];
  let entries = 0;
  for (const route of routes) {
    for (const [i, rule] of route.resource.spec.rules.entries()) {
      entries += rule.matches.length;
      (entries > MAX_ENTRIES_PER_PORT ? dropped : rules).push({ route, rule, index: i });
    }
  }
  return { rules, dropped, routed: routes.length > 0 };
}

export function isProducerRoute(route: HTTPRouteResource, service: ServiceResource): boolean {
  return route.metadata.namespace === service.metadata.namespace;
}

function attaches(route: HTTPRouteResource, service: ServiceResource, port: ServicePort): boolean {
  return route.spec.parentRefs.some((ref) => refersTo(ref, route, service) && refersToPort(ref, port));
}

function refersTo(ref: ParentRef, route: HTTPRouteResource, service: ServiceResource): boolean {
  const { namespace, name } = service.metadata;
  return ref.name === name && (ref.namespace ?? route.metadata.namespace) === namespace;
}

/** A parentRef without port and sectionName is for every port; with both, both must fit. */
export function refersToPort(ref: ParentRef, port: ServicePort): boolean {
  return (ref.port ?? port.port) === port.port && (ref.sectionName ?? port.name) === port.name;
}

/** Order of conflict resolution in the Gateway API: oldest first, then by `<namespace>/<name>`. */
export function olderFirst(a: StoredResource, b: StoredResource): number {
  const keyA = keyOf(a.resource);
  const keyB = keyOf(b.resource);
  return creationTime(a) - creationTime(b) || (keyA < keyB ? -1 : keyA > keyB ? 1 : 0);
}

/** A time that cannot be read counts as the youngest of all, so that the order stays total. */
function creationTime(stored: StoredResource): number {
  const time = Date.parse(stored.creationTimestamp);
  return Number.isNaN(time) ? Number.MAX_SAFE_INTEGER : time;
}
