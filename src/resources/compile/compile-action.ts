import type { MirrorView, RetryView, RouteActionView, WeightedBackendView } from '../../contract/route-views.ts';
import type { ClusterKey } from '../../contract/views.ts';
import { parseDuration } from '../parse-duration.ts';
import { keyOf, type ResourceIndex } from '../resource-index.ts';
import type { BackendRef, HTTPRouteRule, RequestMirror } from '../route-types.ts';
import type { AttachedRule } from './attach-routes.ts';
import { compileFilters, type FilterViews } from './compile-filters.ts';
import { withoutSlash } from './compile-matches.ts';
import { policyForRule } from './compile-rule-policy.ts';
import { compileSession } from './compile-session.ts';
import { type Backend, clusterKey, resolveBackend } from './resolve-backend.ts';

/** Tries beside the first where a rule asks for retries and does not say how many. */
const DEFAULT_ATTEMPTS = 2;

/** What one rule does. Adds the backends and mirrors that it resolves to `backends`. */
export function compileAction(
  index: ResourceIndex,
  parent: Backend,
  attached: AttachedRule,
  backends: Backend[],
): RouteActionView {
  const { route, rule, extensions } = attached;
  const resolve = (ref: BackendRef): ClusterKey | null => {
    const backend = resolveBackend(index, route.resource, ref);
    if (backend.ok) backends.push(backend.value);
    return backend.ok ? clusterKey(backend.value.service, backend.value.port) : null;
  };
  const { answer: redirect, ...filters } = compileFilters(rule.filters, prefixOf(attached), mirrorWith(resolve));
  const answer = extensions.answer ?? redirect;
  const settings = compileSettings(index, attached);
  return {
    route: keyOf(route.resource),
    rule: rule.name ?? String(attached.index),
    backends: answer === undefined ? compileBackends(attached, parent, settings, resolve) : [],
    ...filters,
    ...(answer === undefined ? {} : { answer }),
    ...settings,
  };
}

type Settings = Omit<RouteActionView, 'route' | 'rule' | 'backends' | keyof FilterViews>;

/** What the rule says itself beats what a policy says about it. */
function compileSettings(index: ResourceIndex, attached: AttachedRule): Settings {
  const { route, rule } = attached;
  return {
    requestTimeoutMs: null,
    ...policyForRule(index, route.resource, rule),
    ...compileTimeouts(attached.kind === 'HTTPRoute' ? attached.rule.timeouts : undefined),
    ...(attached.kind === 'HTTPRoute' ? compileRetry(attached.rule.retry) : {}),
    ...compileOwnSession(attached),
  };
}

/**
 * Weight 0 gets no traffic, whether the Service exists or not. No backendRefs: the parent itself (GEP-1686).
 * All weights 0: nothing may be sent anywhere, so the whole share is the error of an unresolved reference.
 */
function compileBackends(
  attached: AttachedRule,
  parent: Backend,
  { sessionPersistence }: Settings,
  resolve: (ref: BackendRef) => ClusterKey | null,
): WeightedBackendView[] {
  const { backendRefs } = attached.rule;
  if (backendRefs.length === 0) {
    return [{ cluster: clusterKey(parent.service, parent.port), weight: 1, requestHeaders: null }];
  }
  const views: WeightedBackendView[] = [];
  for (const ref of backendRefs) {
    // A session goes on at a backend that no longer gets new ones (GEP-1619).
    if (ref.weight === 0 && sessionPersistence === undefined) continue;
    const cluster = resolve(ref);
    if (ref.weight === 0 && cluster === null) continue;
    const { cors: _, ...filters } = compileFilters(ref.filters, prefixOf(attached), mirrorWith(resolve));
    views.push({ cluster, weight: ref.weight, ...filters });
  }
  if (views.some(({ weight }) => weight > 0)) return views;
  return [{ cluster: null, weight: 1, requestHeaders: null }, ...views];
}

function prefixOf(attached: AttachedRule): string {
  const [match] = attached.kind === 'HTTPRoute' ? attached.rule.matches : [];
  return match?.path.type === 'PathPrefix' ? withoutSlash(match.path.value) : '';
}

function mirrorWith(resolve: (ref: BackendRef) => ClusterKey | null): (mirror: RequestMirror) => MirrorView | null {
  return ({ backendRef, percent, fraction }) => {
    const share = fraction ?? { numerator: percent ?? 100, denominator: 100 };
    return share.numerator === 0 ? null : { cluster: resolve(backendRef), ...share };
  };
}

/** 0s disables a timeout (Gateway API), that of a Service's policy too. */
function compileTimeouts(
  timeouts: HTTPRouteRule['timeouts'],
): Partial<Pick<RouteActionView, 'requestTimeoutMs' | 'perTryTimeoutMs'>> {
  const { request, backendRequest } = timeouts ?? {};
  return {
    ...(request === undefined ? {} : { requestTimeoutMs: parseDuration(request) }),
    // Said to be none: then it is none, whatever a policy says.
    ...(backendRequest === undefined ? {} : { perTryTimeoutMs: parseDuration(backendRequest) || undefined }),
  };
}

function compileRetry(retry: HTTPRouteRule['retry']): { retry?: RetryView } {
  if (retry === undefined) return {};
  const { codes, attempts = DEFAULT_ATTEMPTS, backoff } = retry;
  const backoffMs = backoff === undefined ? null : parseDuration(backoff);
  return { retry: { attempts, codes, ...(backoffMs === null ? {} : { backoffMs }) } };
}

function compileOwnSession({ route, rule, index }: AttachedRule): Pick<RouteActionView, 'sessionPersistence'> {
  const { sessionPersistence } = rule;
  if (sessionPersistence === undefined) return {};
  const owner = `${route.resource.kind} ${keyOf(route.resource)} ${rule.name ?? index}`;
  return { sessionPersistence: compileSession(sessionPersistence, owner) };
}
