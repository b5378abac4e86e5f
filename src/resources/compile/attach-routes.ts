import { findFrontend } from '../find-frontend.ts';
import { olderFirst } from '../older-first.ts';
import { keyOf, refKey } from '../relations.ts';
import type { ResourceIndex, Stored } from '../resource-index.ts';
import type { GRPCRouteRule, HTTPRouteRule, ParentRef } from '../route-types.ts';
import type {
  GRPCRouteResource,
  HTTPRouteResource,
  RouteResource,
  ServicePort,
  TCPRouteResource,
  TLSRouteResource,
} from '../types.ts';
import { carries } from './app-protocol.ts';
import type { Backend } from './resolve-backend.ts';
import { type Extensions, resolveExtensions } from './resolve-extensions.ts';

/** More entries than this on one port are dropped, youngest route first, so that a view stays publishable. */
export const MAX_ENTRIES_PER_PORT = 2048;

/** A rule of a route that is attached to a port. */
export type AttachedRule = (
  | { readonly kind: 'HTTPRoute'; readonly route: Stored<HTTPRouteResource>; readonly rule: HTTPRouteRule }
  | { readonly kind: 'GRPCRoute'; readonly route: Stored<GRPCRouteResource>; readonly rule: GRPCRouteRule }
) & {
  /** Position in the route's list. */
  readonly index: number;
  readonly extensions: Extensions;
};

/** The routes of one namespace on one port: those of the one kind that applies. */
export type PortRoutes =
  /** No route is attached, so traffic just flows. */
  | { readonly kind: null }
  | {
      readonly kind: 'HTTPRoute' | 'GRPCRoute';
      /** Oldest route first, then by namespace/name, then as listed. */
      readonly rules: readonly AttachedRule[];
      /** Beyond the limit: they get no traffic. */
      readonly dropped: readonly AttachedRule[];
    }
  /** Oldest first; the youngest beyond the limit are left out. */
  | { readonly kind: 'TLSRoute'; readonly routes: readonly Stored<TLSRouteResource>[] }
  /** Oldest first: it is the one that carries (GEP-2644). */
  | { readonly kind: 'TCPRoute'; readonly routes: readonly Stored<TCPRouteResource>[] };

/**
 * The routes of `namespace` on a port. Several kinds never mix: GRPCRoute before HTTPRoute before TLSRoute before TCPRoute (GEP-1294).
 * In the namespace of the Service they are producer routes; those of others are for requests only.
 */
export function attachRoutes(index: ResourceIndex, parent: Backend, namespace: string): PortRoutes {
  const routes = index
    .routesWithParent(keyOf(parent.service))
    .filter(({ resource }) => resource.metadata.namespace === namespace && attaches(index, resource, parent))
    .sort(olderFirst);
  const ofKind = <R extends RouteResource>(is: (resource: RouteResource) => resource is R): Stored<R>[] =>
    routes.flatMap((stored) => (is(stored.resource) ? [{ ...stored, resource: stored.resource }] : []));
  const grpc = ofKind((resource) => resource.kind === 'GRPCRoute');
  if (grpc.length > 0) return { kind: 'GRPCRoute', ...takeRules(grpc.flatMap((route) => grpcRules(index, route))) };
  const http = ofKind((resource) => resource.kind === 'HTTPRoute');
  if (http.length > 0) return { kind: 'HTTPRoute', ...takeRules(http.flatMap((route) => httpRules(index, route))) };
  const tls = ofKind((resource) => resource.kind === 'TLSRoute');
  if (tls.length > 0) return { kind: 'TLSRoute', routes: takeRoutes(tls) };
  const tcp = ofKind((resource) => resource.kind === 'TCPRoute');
  return tcp.length > 0 ? { kind: 'TCPRoute', routes: tcp } : { kind: null };
}

function httpRules(index: ResourceIndex, route: Stored<HTTPRouteResource>): AttachedRule[] {
  const { resource } = route;
  return resource.spec.rules.map((rule, i) => {
    return { kind: 'HTTPRoute', route, rule, index: i, extensions: resolveExtensions(index, resource, rule.filters) };
  });
}

function grpcRules(index: ResourceIndex, route: Stored<GRPCRouteResource>): AttachedRule[] {
  const { resource } = route;
  return resource.spec.rules.map((rule, i) => {
    return { kind: 'GRPCRoute', route, rule, index: i, extensions: resolveExtensions(index, resource, rule.filters) };
  });
}

function takeRules(all: readonly AttachedRule[]): { rules: AttachedRule[]; dropped: AttachedRule[] } {
  const rules: AttachedRule[] = [];
  const dropped: AttachedRule[] = [];
  let entries = 0;
  for (const attached of all) {
    entries += attached.rule.matches.length * attached.extensions.cookies.length;
    (entries > MAX_ENTRIES_PER_PORT ? dropped : rules).push(attached);
  }
  return { rules, dropped };
}

/** As many of the oldest as one port can carry, each whole. */
function takeRoutes(routes: readonly Stored<TLSRouteResource>[]): Stored<TLSRouteResource>[] {
  let names = 0;
  return routes.filter(({ resource }) => {
    names += Math.max(1, resource.spec.hostnames.length);
    return names <= MAX_ENTRIES_PER_PORT;
  });
}

/** Namespaces other than the Service's whose routes change requests to it for their own programs, sorted. */
export function consumerNamespaces(index: ResourceIndex, { service, port }: Backend): string[] {
  const consumers = index
    .routesWithParent(keyOf(service))
    .filter(({ resource }) => isConsumer(resource, service) && attaches(index, resource, { service, port }));
  return [...new Set(consumers.map(({ resource }) => resource.metadata.namespace))].sort();
}

/** True for routes of another namespace than that of the Service: they are for the programs of their own (GEP-1294). */
export function isConsumer(route: Pick<RouteResource, 'metadata'>, { metadata }: Backend['service']): boolean {
  return route.metadata.namespace !== metadata.namespace;
}

/** Connections are not told apart by who makes them: these kinds have no consumer form. */
export function isForConnections(route: RouteResource): boolean {
  return route.kind === 'TLSRoute' || route.kind === 'TCPRoute';
}

function attaches(index: ResourceIndex, route: RouteResource, { service, port }: Backend): boolean {
  if (!carries(route.kind, port) || (isForConnections(route) && isConsumer(route, service))) return false;
  return route.spec.parentRefs.some((ref) => {
    if (refKey(route, ref) !== keyOf(service) || !refersToPort(ref, port)) return false;
    const found = findFrontend(index, ref, keyOf(service));
    return found.ok && found.value.kind === service.kind;
  });
}

/** A parentRef without port and sectionName is for every port; with both, both must fit. */
export function refersToPort(ref: ParentRef, port: ServicePort): boolean {
  return (ref.port ?? port.port) === port.port && (ref.sectionName ?? port.name) === port.name;
}
