import { serviceKey } from '../contract/views.ts';
import { carriesHttp } from './compile/app-protocol.ts';
import { type AttachedRule, attachRoutes, isProducerRoute, refersToPort } from './compile/attach-routes.ts';
import { keyOf, type ResourceIndex } from './resource-index.ts';
import type { HTTPRouteResource, ParentRef, ServicePort } from './types.ts';

/** Reasons of the route condition `Accepted`, as upstream. */
type RefusalReason = 'NoMatchingParent' | 'UnsupportedValue';

/** How one parentRef of a route fares. */
export type ParentState =
  | { readonly type: 'attached'; readonly ports: readonly ServicePort[]; readonly dropped: readonly AttachedRule[] }
  | {
      readonly type: 'refused';
      readonly cause: RefusalCause;
      readonly reason: RefusalReason;
      readonly message: string;
    };
export type RefusalCause = 'not-found' | 'consumer-route' | 'not-http' | 'too-many-rules';

/** Attached with the ports it names, or refused with the reason that the condition `Accepted` gives. */
export function attachParent(index: ResourceIndex, route: HTTPRouteResource, ref: ParentRef): ParentState {
  const title = parentTitle(route, ref);
  const service = index.service(serviceKey(ref.namespace ?? route.metadata.namespace, ref.name))?.resource;
  if (service === undefined) return refused('not-found', 'NoMatchingParent', `the Service ${title} does not exist`);
  if (!isProducerRoute(route, service)) {
    const message = `the route is in another namespace than ${title}: consumer routes come later`;
    return refused('consumer-route', 'UnsupportedValue', message);
  }
  const named = service.spec.ports.filter((port) => refersToPort(ref, port));
  if (named.length === 0) return refused('not-found', 'NoMatchingParent', `the Service has no such port (${title})`);
  const ports = named.filter(carriesHttp);
  if (ports.length === 0) {
    const message = `the port is declared ${named[0]?.appProtocol}, which is not HTTP (${title})`;
    return refused('not-http', 'NoMatchingParent', message);
  }
  const attached = ports.map((port) => attachRoutes(index, service, port));
  const ofRoute = ({ route: { resource } }: AttachedRule): boolean => keyOf(resource) === keyOf(route);
  const dropped = attached.flatMap((a) => a.dropped.filter(ofRoute));
  if (!attached.some((a) => a.rules.some(ofRoute))) {
    const message = `older routes of ${title} already have as many matches as one port can carry`;
    return refused('too-many-rules', 'UnsupportedValue', message);
  }
  return { type: 'attached', ports, dropped };
}

/** `shop/orders`, with the port or port name when the parentRef has one. */
export function parentTitle(route: HTTPRouteResource, ref: ParentRef): string {
  const port = ref.port === undefined ? '' : `:${ref.port}`;
  const section = ref.sectionName === undefined ? '' : ` port ${ref.sectionName}`;
  return `${ref.namespace ?? route.metadata.namespace}/${ref.name}${port}${section}`;
}

function refused(cause: RefusalCause, reason: RefusalReason, message: string): ParentState {
  return { type: 'refused', cause, reason, message };
}
