import { carries, declaredOtherwise } from './compile/app-protocol.ts';
import {
  type AttachedRule,
  attachRoutes,
  isConsumer,
  isForConnections,
  type PortRoutes,
  refersToPort,
} from './compile/attach-routes.ts';
import { findFrontend } from './find-frontend.ts';
import type { Frontend } from './frontend.ts';
import { keyOf, refKey } from './relations.ts';
import type { ResourceIndex } from './resource-index.ts';
import type { ParentRef } from './route-types.ts';
import type { RouteResource, ServicePort } from './types.ts';

/** Reasons of the route condition `Accepted`, as upstream. */
type RefusalReason = 'NoMatchingParent' | 'UnsupportedValue' | 'Conflicted';

/** How one parentRef of a route fares. */
export type ParentState =
  | { readonly type: 'attached'; readonly ports: readonly ServicePort[]; readonly dropped: readonly AttachedRule[] }
  | {
      readonly type: 'refused';
      readonly cause: RefusalCause;
      readonly reason: RefusalReason;
      readonly message: string;
    };
export type RefusalCause = 'not-found' | 'consumer-route' | 'not-carried' | 'kind-conflict' | 'too-many-rules';

/** Attached with the ports it names, or refused with the reason that the condition `Accepted` gives. */
export function attachParent(index: ResourceIndex, route: RouteResource, ref: ParentRef): ParentState {
  const title = parentTitle(route, ref);
  const found = findFrontend(index, ref, refKey(route, ref));
  if (!found.ok) return refused('not-found', 'NoMatchingParent', found.error.message);
  const service = found.value;
  if (isForConnections(route) && isConsumer(route, service)) {
    const message = `a ${route.kind} must be in the namespace of ${title}: connections are the same for all callers`;
    return refused('consumer-route', 'UnsupportedValue', message);
  }
  const named = service.spec.ports.filter((port) => refersToPort(ref, port));
  const [first] = named;
  if (first === undefined) {
    return refused('not-found', 'NoMatchingParent', `the ${ref.kind} has no such port (${title})`);
  }
  const ports = named.filter((port) => carries(route.kind, port));
  if (ports.length === 0) {
    const message = `the port is ${declaredOtherwise(route.kind, first)} (${title})`;
    return refused('not-carried', 'NoMatchingParent', message);
  }
  return rivalry(index, route, service, ports, title);
}

/** Whether the other routes of the ports leave room for this one. */
function rivalry(
  index: ResourceIndex,
  route: RouteResource,
  service: Frontend,
  ports: readonly ServicePort[],
  title: string,
): ParentState {
  const { namespace } = route.metadata;
  const attached = ports.map((port) => ({ port, routes: attachRoutes(index, { service, port }, namespace) }));
  const same = attached.filter(({ routes }) => routes.kind === route.kind);
  const [rival] = attached;
  if (same.length === 0) {
    const message = `${rival?.routes.kind}s are attached to ${title}, and one port has routes of one kind only (GEP-1294)`;
    return refused('kind-conflict', 'Conflicted', message);
  }
  const dropped = same.flatMap(({ routes }) => ('dropped' in routes ? routes.dropped.filter(isOf(route)) : []));
  if (!same.some(({ routes }) => isServed(route, routes))) {
    const message = `older routes of ${title} already have as many matches or names as one port can carry`;
    return refused('too-many-rules', 'UnsupportedValue', message);
  }
  return { type: 'attached', ports: same.map(({ port }) => port), dropped };
}

/** Of TCPRoutes only the oldest carries, and yet all are accepted (GEP-2644). */
function isServed(route: RouteResource, routes: PortRoutes): boolean {
  if ('rules' in routes) return routes.rules.some(isOf(route));
  return 'routes' in routes && routes.routes.some(({ resource }) => keyOf(resource) === keyOf(route));
}

function isOf(route: RouteResource): (attached: AttachedRule) => boolean {
  return (attached) => keyOf(attached.route.resource) === keyOf(route);
}

/** `shop/orders`, with the port or port name when the parentRef has one. */
export function parentTitle(route: RouteResource, ref: ParentRef): string {
  const port = ref.port === undefined ? '' : `:${ref.port}`;
  const section = ref.sectionName === undefined ? '' : ` port ${ref.sectionName}`;
  return `${refKey(route, ref)}${port}${section}`;
}

function refused(cause: RefusalCause, reason: RefusalReason, message: string): ParentState {
  return { type: 'refused', cause, reason, message };
}
