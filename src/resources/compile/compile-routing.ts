import type {
  HeaderEditView,
  HttpRoutingView,
  RouteActionView,
  RouteEntryView,
  WeightedBackendView,
} from '../../contract/views.ts';
import { parseDuration } from '../parse-duration.ts';
import { keyOf, type ResourceIndex } from '../resource-index.ts';
import type { ExactMatch, HTTPRouteFilter, HTTPRouteMatch } from '../types.ts';
import { type AttachedRule, attachRoutes } from './attach-routes.ts';
import { policyForRule } from './compile-rule-policy.ts';
import { orderEntries } from './order-entries.ts';
import { type Backend, clusterKey, resolveBackend } from './resolve-backend.ts';

export interface CompiledRouting {
  /** null: no route is attached to the port. */
  readonly http: HttpRoutingView | null;
  /** Every backend that an action names. */
  readonly backends: readonly Backend[];
}

/** All rules attached to one port of a Service, merged in precedence order. */
export function compileRouting(index: ResourceIndex, parent: Backend): CompiledRouting {
  const { rules, routed } = attachRoutes(index, parent.service, parent.port);
  if (!routed) return { http: null, backends: [] };
  const backends: Backend[] = [];
  const actions = rules.map((rule) => compileAction(index, parent, rule, backends));
  const entries = rules.flatMap(({ rule }, action) => rule.matches.map((match) => compileMatch(match, action)));
  return { http: { entries: orderEntries(entries), actions }, backends };
}

/** One match as the data plane reads it. */
export function compileMatch(match: HTTPRouteMatch, action: number): RouteEntryView {
  return {
    path: compilePath(match.path),
    method: match.method ?? null,
    headers: match.headers.map(({ name, value }) => ({ name: name.toLowerCase(), value })).sort(byName),
    query: match.queryParams.map(({ name, value }) => ({ name, value })).sort(byName),
    action,
  };
}

/** The trailing `/` of a prefix has no meaning; the prefix `/` matches everything. */
function compilePath(path: HTTPRouteMatch['path']): RouteEntryView['path'] {
  if (path.type === 'Exact') return path;
  const value = path.value.endsWith('/') ? path.value.slice(0, -1) : path.value;
  return value === '' ? null : { type: 'PathPrefix', value };
}

function byName(a: Pick<ExactMatch, 'name'>, b: Pick<ExactMatch, 'name'>): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** Adds the backends it resolves to `backends`. */
function compileAction(
  index: ResourceIndex,
  parent: Backend,
  { route, rule, index: position }: AttachedRule,
  backends: Backend[],
): RouteActionView {
  return {
    route: keyOf(route.resource),
    rule: rule.name ?? String(position),
    backends: compileBackends(index, parent, { route, rule, index: position }, backends),
    requestHeaders: compileEdits(rule.filters),
    requestTimeoutMs: null,
    ...policyForRule(index, route.resource, rule),
    ...(rule.timeouts?.request === undefined ? {} : { requestTimeoutMs: compileTimeout(rule.timeouts.request) }),
  };
}

/**
 * Weight 0 gets no traffic, whether the Service exists or not. No backendRefs: the parent Service itself (GEP-1686).
 * All weights 0: nothing may be sent anywhere, so the whole share is the error of an unresolved reference.
 */
function compileBackends(
  index: ResourceIndex,
  parent: Backend,
  { route, rule }: AttachedRule,
  backends: Backend[],
): WeightedBackendView[] {
  if (rule.backendRefs.length === 0) {
    return [{ cluster: clusterKey(parent.service, parent.port), weight: 1, requestHeaders: null }];
  }
  const weighted = rule.backendRefs.filter((ref) => ref.weight > 0);
  if (weighted.length === 0) return [{ cluster: null, weight: 1, requestHeaders: null }];
  return weighted.map((ref) => {
    const backend = resolveBackend(index, route.resource, ref);
    if (backend.ok) backends.push(backend.value);
    const cluster = backend.ok ? clusterKey(backend.value.service, backend.value.port) : null;
    return { cluster, weight: ref.weight, requestHeaders: compileEdits(ref.filters) };
  });
}

function compileEdits(filters: readonly HTTPRouteFilter[]): HeaderEditView | null {
  const [filter] = filters;
  if (filter === undefined) return null;
  const { set, add, remove } = filter.requestHeaderModifier;
  if (set.length + add.length + remove.length === 0) return null;
  return { set, add, remove: remove.map((name) => name.toLowerCase()) };
}

/** 0s disables the timeout (Gateway API). */
function compileTimeout(duration: string | undefined): number | null {
  const ms = duration === undefined ? null : parseDuration(duration);
  return ms === 0 ? null : ms;
}
