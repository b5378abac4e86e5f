import type { HttpRoutingView } from '../../contract/route-views.ts';
import type { AppProtocol, ServicePortView } from '../../contract/views.ts';
import type { ResourceIndex } from '../resource-index.ts';
import { protocolOf } from './app-protocol.ts';
import { type AttachedRule, attachRoutes, consumerNamespaces } from './attach-routes.ts';
import { compileAction } from './compile-action.ts';
import { compileConnectionAction, compileServerNames } from './compile-connections.ts';
import { orderEntries, type RankedEntry, rankGrpcMatch, rankHttpMatch } from './compile-matches.ts';
import type { Backend } from './resolve-backend.ts';

export interface CompiledRouting {
  readonly view: Pick<ServicePortView, 'protocol' | 'http' | 'consumers' | 'tcp' | 'tls'>;
  /** Every backend that an action names. */
  readonly backends: readonly Backend[];
}

/** What becomes of the traffic to one port: all routes attached to it, in precedence order. */
export function compileRouting(index: ResourceIndex, parent: Backend): CompiledRouting {
  const backends: Backend[] = [];
  const producer = attachRoutes(index, parent, parent.service.metadata.namespace);
  const consumers = compileConsumers(index, parent, backends);
  const protocol = protocolOf(parent.port);
  const none = { http: null, ...(consumers === null ? {} : { consumers }) };
  switch (producer.kind) {
    case null:
      return { view: { protocol, ...none }, backends };
    case 'TLSRoute': {
      const tls = compileServerNames(index, producer.routes, backends);
      return { view: { protocol: protocol === 'tcp' ? 'tls' : protocol, ...none, tls }, backends };
    }
    case 'TCPRoute': {
      const [oldest] = producer.routes;
      const tcp = oldest === undefined ? undefined : compileConnectionAction(index, oldest.resource, backends);
      return { view: { protocol: opaque(protocol, consumers !== null), ...none, ...(tcp && { tcp }) }, backends };
    }
    default: {
      const http = compileRequests(index, parent, producer.rules, backends);
      return { view: { protocol, ...none, http }, backends };
    }
  }
}

/** Connections of a TCPRoute are whole, whatever they carry; unless some callers have routes by request. */
function opaque(protocol: AppProtocol, hasConsumers: boolean): AppProtocol {
  return hasConsumers ? protocol : 'tcp';
}

/** Routes of other namespaces, each for its own programs; null when there are none. */
function compileConsumers(
  index: ResourceIndex,
  parent: Backend,
  backends: Backend[],
): Record<string, HttpRoutingView> | null {
  const routings = consumerNamespaces(index, parent).flatMap((namespace): [string, HttpRoutingView][] => {
    const routes = attachRoutes(index, parent, namespace);
    return 'rules' in routes ? [[namespace, compileRequests(index, parent, routes.rules, backends)]] : [];
  });
  return routings.length === 0 ? null : Object.fromEntries(routings);
}

function compileRequests(
  index: ResourceIndex,
  parent: Backend,
  rules: readonly AttachedRule[],
  backends: Backend[],
): HttpRoutingView {
  const actions = rules.map((rule) => compileAction(index, parent, rule, backends));
  return { entries: orderEntries(rules.flatMap(compileRule)), actions };
}

/** Every match of a rule, with every alternative of cookies. */
export function compileRule(attached: AttachedRule, action: number): RankedEntry[] {
  return attached.extensions.cookies.flatMap((cookies) =>
    attached.kind === 'HTTPRoute'
      ? attached.rule.matches.map((match) => rankHttpMatch(match, cookies, action))
      : attached.rule.matches.map((match) => rankGrpcMatch(match, cookies, action)),
  );
}
