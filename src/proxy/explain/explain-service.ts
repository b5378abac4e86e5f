/** What a service's view makes of a request to one of its ports. Pure: the same for the views of a running agent and of files. */
import type { BackendTrace, DecisionTrace, EndpointTrace, ExplainQuestion } from '../../contract/decision-trace.ts';
import {
  type ClusterKey,
  type HttpRoutingView,
  type RouteActionView,
  type ServicePortView,
  type ServiceView,
  serviceKey,
} from '../../contract/views.ts';
import type { MessageHead } from '../codec/message-head.ts';
import { explainEntries } from './explain-entries.ts';

/** Endpoints listed of one cluster. */
const MAX_ENDPOINTS = 100;

/** What is known of an endpoint beside the view; undefined: nothing. */
export type StateOf = (cluster: ClusterKey, address: string) => EndpointTrace['state'];

/** @param home namespaces of the programs that ask: routes of these namespaces take the place of the service's own */
export function explainService(
  view: ServiceView,
  port: ServicePortView,
  home: readonly string[],
  question: ExplainQuestion,
  head: MessageHead,
  bytes: Buffer,
  stateOf: StateOf,
): DecisionTrace {
  const { kind, routing } = routingOf(port, home);
  const entries = routing === null ? null : explainEntries(routing, head, bytes);
  const action = entries === null ? undefined : routing?.actions[entries.action];
  return {
    request: requestOf(question),
    target: {
      type: 'service',
      service: serviceKey(view.namespace, view.name),
      port: port.port,
      protocol: port.protocol,
      virtualIps: [...view.virtualIps],
      version: { ...view.version },
      sentence: sentenceOf(view, port, kind, action),
    },
    routing: kind,
    tried: entries?.tried ?? [],
    untold: entries?.untold ?? NOTHING_UNTOLD,
    action: action === undefined ? null : withoutBackends(action),
    backends: backendsOf(view, port, routing === null ? null : (action ?? 'refused'), stateOf),
    decision: null,
  };
}

const NOTHING_UNTOLD = { before: 0, after: 0 };

/** What is to be said of a request that reaches no service. */
export function explainNoService(
  question: ExplainQuestion,
  target: Pick<DecisionTrace['target'], 'type' | 'service' | 'port' | 'sentence'>,
): DecisionTrace {
  return {
    request: requestOf(question),
    target: { ...target, protocol: 'auto', virtualIps: [], version: null },
    routing: 'none',
    tried: [],
    untold: NOTHING_UNTOLD,
    action: null,
    backends: [],
    decision: null,
  };
}

function requestOf({ method, authority, path }: ExplainQuestion): DecisionTrace['request'] {
  return { method, authority, path };
}

interface Routing {
  readonly kind: DecisionTrace['routing'];
  readonly routing: HttpRoutingView | null;
}

function routingOf({ http, consumers = {} }: ServicePortView, home: readonly string[]): Routing {
  for (const namespace of home) {
    const routing = Object.hasOwn(consumers, namespace) ? consumers[namespace] : undefined;
    if (routing !== undefined) return { kind: 'consumer', routing };
  }
  return http === null ? { kind: 'none', routing: null } : { kind: 'producer', routing: http };
}

function sentenceOf(
  view: ServiceView,
  port: ServicePortView,
  kind: DecisionTrace['routing'],
  action: RouteActionView | undefined,
): string {
  const name = `${serviceKey(view.namespace, view.name)} port ${port.port}`;
  if (kind === 'none') return `${name} has no route: the request goes to the service itself`;
  if (action === undefined) return `no rule of the routes of ${name} matches: the request is answered 404`;
  return `rule ${action.rule} of ${action.route} decides`;
}

function withoutBackends({ backends: _, ...action }: RouteActionView): DecisionTrace['action'] {
  return { ...action };
}

/** @param action the rule that decides; null: no route is attached; `refused`: no rule matches */
function backendsOf(
  view: ServiceView,
  port: ServicePortView,
  action: RouteActionView | 'refused' | null,
  stateOf: StateOf,
): BackendTrace[] {
  if (action === 'refused') return [];
  const weighted = action === null ? [{ cluster: port.cluster, weight: 1 }] : action.backends;
  const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
  return weighted.map(({ cluster, weight }) => {
    const share = total === 0 ? 0 : Math.round((weight / total) * 10_000) / 100;
    return { cluster, share, ...clusterOf(view, cluster, stateOf) };
  });
}

function clusterOf(
  view: ServiceView,
  key: ClusterKey | null,
  stateOf: StateOf,
): Pick<BackendTrace, 'policies' | 'endpoints' | 'more'> {
  const cluster = key === null ? undefined : view.clusters[key];
  if (key === null || cluster === undefined) return { policies: {}, endpoints: [], more: 0 };
  const { endpoints, tls, ...policies } = cluster;
  return {
    policies: { ...policies, ...(tls !== undefined && { tls: { ...tls, trusted: tls.trusted.type } }) },
    endpoints: endpoints.slice(0, MAX_ENDPOINTS).map(({ ip, port, workload, weight, locality, identity }) => {
      const address = ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
      const state = stateOf(key, address);
      return {
        ...{ address, workload, weight },
        ...(locality !== undefined && { locality }),
        // TLS that the service has by a BackendTLSPolicy takes the place of mutual TLS.
        ...(identity !== undefined && tls === undefined && { identity }),
        ...(state && { state }),
      };
    }),
    more: Math.max(0, endpoints.length - MAX_ENDPOINTS),
  };
}
