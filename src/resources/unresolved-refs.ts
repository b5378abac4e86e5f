import { resolveBackend, type UnresolvedBackend } from './compile/resolve-backend.ts';
import { type ExtensionProblem, resolveExtensions } from './compile/resolve-extensions.ts';
import type { ResourceIndex } from './resource-index.ts';
import type { BackendRef, RouteFilter } from './route-types.ts';
import type { RouteResource } from './types.ts';

/** A reference of a route that leads nowhere. */
export interface UnresolvedRef {
  readonly reason: UnresolvedBackend['reason'];
  readonly message: string;
  /** What becomes of the traffic meanwhile. */
  readonly effect: string;
  /** Where it stands below `spec`. */
  readonly path: readonly PropertyKey[];
  readonly what: 'backend' | 'mirror' | 'filter';
}

/** A rule whose filters contradict each other. */
export interface FilterClash {
  readonly rule: number;
  readonly message: string;
  readonly path: readonly PropertyKey[];
}

const SHARE_EFFECT: Readonly<Record<RouteResource['kind'], string>> = {
  HTTPRoute: 'its share is answered 500',
  GRPCRoute: 'its share is answered UNAVAILABLE',
  TLSRoute: 'its share of the connections is reset',
  TCPRoute: 'its share of the connections is reset',
};

/** Every reference of a route that does not resolve, in the order of the manifest: backends, mirrors and filters. */
export function unresolvedRefs(index: ResourceIndex, route: RouteResource): UnresolvedRef[] {
  return route.spec.rules.flatMap((rule, i) => {
    const place = ['rules', i];
    const backends = rule.backendRefs.flatMap((ref, j) => {
      const path = [...place, 'backendRefs', j];
      const own = unresolvedBackend(index, route, ref, path, 'backend', SHARE_EFFECT[route.kind]);
      return 'filters' in ref ? [...own, ...unresolvedFilters(index, route, ref.filters, path)] : own;
    });
    return 'filters' in rule ? [...unresolvedFilters(index, route, rule.filters, place), ...backends] : backends;
  });
}

/** Filters that resolve and cannot stand together; the rule is answered 500. */
export function filterClashes(index: ResourceIndex, route: RouteResource): FilterClash[] {
  return route.spec.rules.flatMap((rule, i) => {
    if (!('filters' in rule)) return [];
    return extensionProblems(index, route, rule.filters).flatMap(({ filter, reason, message }): FilterClash[] => {
      return reason === 'IncompatibleFilters' ? [{ rule: i, message, path: ['rules', i, 'filters', filter] }] : [];
    });
  });
}

function unresolvedFilters(
  index: ResourceIndex,
  route: RouteResource,
  filters: readonly RouteFilter[],
  place: readonly PropertyKey[],
): UnresolvedRef[] {
  const mirrors = filters.flatMap((filter, i) => {
    if (filter.type !== 'RequestMirror') return [];
    const path = [...place, 'filters', i, 'requestMirror', 'backendRef'];
    return unresolvedBackend(index, route, filter.requestMirror.backendRef, path, 'mirror', 'nothing is mirrored');
  });
  const extensions = extensionProblems(index, route, filters).flatMap(
    ({ filter, reason, message }): UnresolvedRef[] => {
      if (reason === 'IncompatibleFilters') return [];
      const path = [...place, 'filters', filter, 'extensionRef'];
      return [{ reason, message, effect: 'the rule is answered 500', path, what: 'filter' }];
    },
  );
  return [...mirrors, ...extensions];
}

function extensionProblems(
  index: ResourceIndex,
  route: RouteResource,
  filters: readonly RouteFilter[],
): readonly ExtensionProblem[] {
  if (route.kind !== 'HTTPRoute' && route.kind !== 'GRPCRoute') return [];
  return resolveExtensions(index, route, filters).problems;
}

function unresolvedBackend(
  index: ResourceIndex,
  route: RouteResource,
  ref: BackendRef,
  path: readonly PropertyKey[],
  what: UnresolvedRef['what'],
  effect: string,
): UnresolvedRef[] {
  const backend = resolveBackend(index, route, ref);
  return backend.ok ? [] : [{ ...backend.error, effect, path, what }];
}
