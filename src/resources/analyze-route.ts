import { joinPath } from '../core/schema.ts';
import { attachParent, type ParentState, parentTitle, type RefusalCause } from './attach-parent.ts';
import { CODES } from './codes.ts';
import { attachRoutes } from './compile/attach-routes.ts';
import { serverNamesOf } from './compile/compile-connections.ts';
import { findFrontend } from './find-frontend.ts';
import type { Finding } from './finding.ts';
import { keyOf, refKey } from './relations.ts';
import type { ResourceIndex } from './resource-index.ts';
import type { ParentRef } from './route-types.ts';
import { type HTTPRouteFilterResource, type RouteResource, resourceTitle } from './types.ts';
import { filterClashes, type UnresolvedRef, unresolvedRefs } from './unresolved-refs.ts';

const REFUSAL_CODES: Readonly<Record<RefusalCause, string>> = {
  'not-found': CODES.referencedResourceNotFound,
  'consumer-route': CODES.consumerRoute,
  'not-carried': CODES.parentNotAttachable,
  'kind-conflict': CODES.routeKindConflict,
  'too-many-rules': CODES.droppedRule,
};

/** Says where in a route something is, from path members below `spec`. */
type Place = (...path: readonly PropertyKey[]) => string;

/** What one route gets wrong with the resources it refers to. */
export function analyzeRoute(index: ResourceIndex, route: RouteResource): Finding[] {
  const at: Place = (...path) => joinPath(resourceTitle(route), ['spec', ...path]);
  return [
    ...route.spec.parentRefs.flatMap((ref, i) => analyzeParent(index, route, ref, at('parentRefs', i))),
    ...unresolvedRefs(index, route).map((ref) => unresolvedFinding(ref, at)),
    ...filterClashes(index, route).map(({ message, path }): Finding => {
      return { level: 'error', code: CODES.incompatibleFilters, message, path: at(...path) };
    }),
    ...analyzeWeights(route, at),
    ...analyzeHostnames(route, at),
  ];
}

/** Filters that no route refers to. */
export function analyzeExtension(index: ResourceIndex, filter: HTTPRouteFilterResource): Finding[] {
  if (index.routesWithExtension(keyOf(filter)).length > 0) return [];
  const message = 'no route refers to this filter';
  return [{ level: 'info', code: CODES.unusedFilter, message, path: resourceTitle(filter) }];
}

function analyzeParent(index: ResourceIndex, route: RouteResource, ref: ParentRef, path: string): Finding[] {
  const state = attachParent(index, route, ref);
  if (state.type === 'refused') {
    return [{ level: 'error', code: REFUSAL_CODES[state.cause], message: state.message, path }];
  }
  if (state.dropped.length > 0) {
    const message = `${parentTitle(route, ref)} has too many matches; rules of this route get no traffic`;
    return [{ level: 'error', code: CODES.droppedRule, message, path }];
  }
  return analyzeShadow(index, route, ref, state, path);
}

/** Of several TCPRoutes one carries, of several TLSRoutes for one server name one has it: the others wait. */
function analyzeShadow(
  index: ResourceIndex,
  route: RouteResource,
  ref: ParentRef,
  { ports }: Extract<ParentState, { type: 'attached' }>,
  path: string,
): Finding[] {
  const found = findFrontend(index, ref, refKey(route, ref));
  if (!found.ok) return [];
  for (const port of ports) {
    const attached = attachRoutes(index, { service: found.value, port }, route.metadata.namespace);
    if (!('routes' in attached)) continue;
    const elders: RouteResource[] = [];
    for (const { resource } of attached.routes) {
      if (keyOf(resource) === keyOf(route)) break;
      elders.push(resource);
    }
    const winner = elders.find((elder) => shadows(elder, route));
    if (winner === undefined) continue;
    const message = `the older ${resourceTitle(winner)} carries the connections of port ${port.port}`;
    return [{ level: 'warning', code: CODES.shadowedRoute, message, path }];
  }
  return [];
}

function shadows(elder: RouteResource, route: RouteResource): boolean {
  if (elder.kind !== 'TLSRoute' || route.kind !== 'TLSRoute') return true;
  const taken = serverNamesOf(elder);
  return serverNamesOf(route).some((name) => taken.includes(name));
}

function unresolvedFinding({ reason, message, path, what }: UnresolvedRef, at: Place): Finding {
  const missing = reason === 'BackendNotFound' ? CODES.referencedResourceNotFound : CODES.unsupportedBackend;
  const code = what === 'filter' && reason === 'InvalidKind' ? CODES.unresolvedExtension : missing;
  return { level: 'error', code, message, path: at(...path) };
}

function analyzeWeights(route: RouteResource, at: Place): Finding[] {
  const result = route.kind === 'HTTPRoute' || route.kind === 'GRPCRoute' ? 'is answered 500' : 'is reset';
  const subject = result === 'is reset' ? 'connection' : 'request of this rule';
  return route.spec.rules.flatMap(({ backendRefs }, i): Finding[] => {
    if (backendRefs.length === 0 || backendRefs.some(({ weight }) => weight > 0)) return [];
    const message = `all weights are 0, so every ${subject} ${result}`;
    return [{ level: 'warning', code: CODES.noBackendTraffic, message, path: at('rules', i, 'backendRefs') }];
  });
}

function analyzeHostnames(route: RouteResource, at: Place): Finding[] {
  if ((route.kind !== 'HTTPRoute' && route.kind !== 'GRPCRoute') || route.spec.hostnames.length === 0) return [];
  return [
    {
      level: 'warning',
      code: CODES.hostnamesIgnored,
      message: 'host names do not select requests in a mesh (GEP-1294)',
      path: at('hostnames'),
      hint: 'match the Host header instead',
    },
  ];
}
