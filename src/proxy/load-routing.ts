/** Routes of one port of a service, prepared once for each view, so that a request costs no more than what its rule uses. */
import type {
  ClusterKey,
  HttpRoutingView,
  RouteActionView,
  ServicePortView,
  WeightedBackendView,
} from '../contract/views.ts';
import { type CompiledEdits, compileHeaderEdits, compileRequestEdits } from './codec/http1/header-edits.ts';
import type { Cluster } from './endpoints/cluster.ts';
import { compileDelivery, type DeliveryRules } from './exchange/delivery-rules.ts';
import { type CompiledRouting, compileRouting } from './policy/match-route.ts';
import { compileAnswer, type RuleAnswer } from './rule-answer.ts';

export interface HttpRouting {
  readonly view: HttpRoutingView;
  readonly compiled: CompiledRouting;
  readonly actions: readonly RouteAction[];
}

export interface RouteAction {
  readonly route: string;
  readonly rule: string;
  /** `<route>/<rule>`, as in logs and metrics. */
  readonly name: string;
  /** 0 = none. */
  readonly requestTimeoutMs: number;
  readonly view: RouteActionView;
  /** The rule answers itself. */
  readonly answer: RuleAnswer | null;
  /** Parallel to `view.backends`. */
  readonly backends: readonly RouteBackend[];
}

export interface RouteBackend {
  /** null: it does not resolve. */
  readonly cluster: Cluster | null;
  /** What the rule, then the backend, changes in requests. */
  readonly edits: CompiledEdits | null;
  /** The same for final answers. */
  readonly responseEdits: CompiledEdits | null;
  /** Requests that this backend is chosen for are answered by us. */
  readonly answer: RuleAnswer | null;
  readonly rules: DeliveryRules;
}

/** The routes of a port; null when none is attached. `clusters`: those of the service's view. */
export function loadHttp(view: ServicePortView, clusters: ReadonlyMap<ClusterKey, Cluster>): HttpRouting | null {
  return view.http === null ? null : loadRouting(view.http, clusters);
}

/** The routes of other namespaces, by namespace; null when there are none. */
export function loadConsumers(
  view: ServicePortView,
  clusters: ReadonlyMap<ClusterKey, Cluster>,
): ReadonlyMap<string, HttpRouting> | null {
  if (view.consumers === undefined) return null;
  return new Map(Object.entries(view.consumers).map(([namespace, http]) => [namespace, loadRouting(http, clusters)]));
}

function loadRouting(view: HttpRoutingView, clusters: ReadonlyMap<ClusterKey, Cluster>): HttpRouting {
  const actions = view.actions.map((action) => loadAction(action, clusters));
  return { view, compiled: compileRouting(view), actions };
}

function loadAction(view: RouteActionView, clusters: ReadonlyMap<ClusterKey, Cluster>): RouteAction {
  const { route, rule, requestTimeoutMs } = view;
  return {
    route,
    rule,
    name: `${route}/${rule}`,
    requestTimeoutMs: requestTimeoutMs ?? 0,
    view,
    answer: compileAnswer(view.answer, compileHeaderEdits(view.responseHeaders ?? null)),
    backends: view.backends.map((backend) => loadBackend(view, backend, clusters)),
  };
}

function loadBackend(
  rule: RouteActionView,
  backend: WeightedBackendView,
  clusters: ReadonlyMap<ClusterKey, Cluster>,
): RouteBackend {
  const responseEdits = compileHeaderEdits(rule.responseHeaders ?? null, backend.responseHeaders ?? null);
  return {
    cluster: backend.cluster === null ? null : (clusters.get(backend.cluster) ?? null),
    edits: compileRequestEdits([rule.requestHeaders, backend.requestHeaders], [rule.rewrite, backend.rewrite]),
    responseEdits,
    answer: compileAnswer(backend.answer, responseEdits),
    rules: compileDelivery(rule, backend, clusters),
  };
}
