/** Routes of one port of a service, prepared once for each view, so that a request costs no more than what its rule uses. */
import type {
  ClusterKey,
  HttpRoutingView,
  RouteActionView,
  ServicePortView,
  WeightedBackendView,
} from '../contract/views.ts';
import { type CompiledEdits, compileHeaderEdits, compileRequestEdits } from './codec/http1/header-edits.ts';
import { CorsRule } from './cors-rule.ts';
import type { Cluster } from './endpoints/cluster.ts';
import { type SessionTable, sessionsOf } from './endpoints/session-table.ts';
import { compileDelivery, type DeliveryRules } from './exchange/delivery-rules.ts';
import { type CompiledLimit, compileLimit } from './limits/compiled-limit.ts';
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
  /** 0 = none; null: the cluster says. */
  readonly requestTimeoutMs: number | null;
  readonly view: RouteActionView;
  /** What the rule alone changes in answers: in those of ours, where no backend was chosen. */
  readonly responseEdits: CompiledEdits | null;
  /** The same where the rule has a CORS filter; null: it has none. */
  readonly cors: CorsRule | null;
  /** The rule answers itself. */
  readonly answer: RuleAnswer | null;
  /** Sessions that its requests may belong to; empty: it keeps none. */
  readonly sessions: readonly SessionTable[];
  /** null: none. */
  readonly limits: readonly CompiledLimit[] | null;
  /** Parallel to `view.backends`. */
  readonly backends: readonly RouteBackend[];
}

export interface RouteBackend {
  /** null: it does not resolve. */
  readonly cluster: Cluster | null;
  /** What the rule, then the backend, changes in requests. */
  readonly edits: CompiledEdits | null;
  /** The same for final answers; where there is `cors`, it says them. */
  readonly responseEdits: CompiledEdits | null;
  readonly cors: CorsRule | null;
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
  const responseEdits = compileHeaderEdits(view.responseHeaders ?? null);
  const backends = view.backends.map((backend) => loadBackend(view, backend, clusters));
  return {
    route,
    rule,
    name: `${route}/${rule}`,
    requestTimeoutMs,
    view,
    cors: view.cors === undefined ? null : new CorsRule(view.cors, [view.responseHeaders ?? null]),
    responseEdits,
    answer: compileAnswer(view.answer, responseEdits),
    limits: view.limits === undefined ? null : view.limits.map(compileLimit),
    sessions: sessionsOf(
      view.sessionPersistence,
      backends.map(({ cluster }) => cluster),
    ),
    backends,
  };
}

function loadBackend(
  rule: RouteActionView,
  backend: WeightedBackendView,
  clusters: ReadonlyMap<ClusterKey, Cluster>,
): RouteBackend {
  const levels = [rule.responseHeaders ?? null, backend.responseHeaders ?? null];
  const responseEdits = compileHeaderEdits(...levels);
  return {
    cluster: backend.cluster === null ? null : (clusters.get(backend.cluster) ?? null),
    edits: compileRequestEdits([rule.requestHeaders, backend.requestHeaders], [rule.rewrite, backend.rewrite]),
    responseEdits,
    cors: rule.cors === undefined ? null : new CorsRule(rule.cors, levels),
    answer: compileAnswer(backend.answer, responseEdits),
    rules: compileDelivery(rule, backend, clusters),
  };
}
