/**
 * Routes as the data plane reads them. A member that says nothing is left out rather than null or empty, so that the views of those
 * who do not use it stay the same, byte for byte.
 */
import type { LimitRuleView } from './limit-views.ts';
import type { NameValue, RouteEntryView } from './route-entry-views.ts';
import type { ClusterKey } from './view-words.ts';

export type { NameValue, RouteEntryView, ValueMatchView } from './route-entry-views.ts';

export interface HttpRoutingView {
  /** In precedence order (Gateway API HTTPRouteRule, GRPCRouteRule): the first entry that matches decides. */
  readonly entries: readonly RouteEntryView[];
  readonly actions: readonly RouteActionView[];
}

export interface RouteActionView {
  /** `<namespace>/<name>` of the HTTPRoute or GRPCRoute. */
  readonly route: string;
  /** The rule's `name`, or its index in the route as text. */
  readonly rule: string;
  /** Empty where `answer` is there. */
  readonly backends: readonly WeightedBackendView[];
  readonly requestHeaders: HeaderEditView | null;
  readonly responseHeaders?: HeaderEditView | undefined;
  /** `timeouts.request` in ms; 0 = none, whatever the cluster says (0s); null = not said. Expiry answers 504, flag UT. */
  readonly requestTimeoutMs: number | null;
  /** `timeouts.backendRequest` in ms: one try. */
  readonly perTryTimeoutMs?: number | undefined;
  /** The proxy answers itself. */
  readonly answer?: RedirectView | DirectResponseView | undefined;
  readonly rewrite?: RewriteView | undefined;
  readonly mirrors?: readonly MirrorView[] | undefined;
  readonly cors?: CorsView | undefined;
  /** Absent: connection failures and refused streams are sent once more, which is safe for every method. */
  readonly retry?: RetryView | undefined;
  readonly fault?: FaultView | undefined;
  readonly sessionPersistence?: SessionPersistenceView | undefined;
  /** Local ones, counted by each agent for the programs of its host. */
  readonly limits?: readonly LimitRuleView[] | undefined;
}

export interface WeightedBackendView {
  /** null: the reference does not resolve; exactly its share is answered 500, flag NC. */
  readonly cluster: ClusterKey | null;
  readonly weight: number;
  /** Filters of the backendRef, applied after the rule's. */
  readonly requestHeaders: HeaderEditView | null;
  readonly responseHeaders?: HeaderEditView | undefined;
  readonly answer?: RedirectView | undefined;
  readonly rewrite?: RewriteView | undefined;
  readonly mirrors?: readonly MirrorView[] | undefined;
}

export interface HeaderEditView {
  readonly set: readonly NameValue[];
  readonly add: readonly NameValue[];
  readonly remove: readonly string[];
}

/** HTTPRequestRedirectFilter. What is absent stays as the request has it; the query is kept. */
export interface RedirectView {
  readonly type: 'redirect';
  readonly scheme?: 'http' | 'https' | undefined;
  readonly hostname?: string | undefined;
  readonly port?: number | undefined;
  readonly path?: PathRewriteView | undefined;
  readonly status: 301 | 302 | 303 | 307 | 308;
}

/** HTTPRouteFilter `directResponse` (Envoy Gateway), or an extension that cannot be resolved (500). */
export interface DirectResponseView {
  readonly type: 'direct';
  readonly status: number;
  readonly contentType?: string | undefined;
  readonly body: string;
  readonly headers?: readonly NameValue[] | undefined;
}

/** HTTPURLRewriteFilter. */
export interface RewriteView {
  readonly hostname?: string | undefined;
  readonly path?: PathRewriteView | undefined;
}

export type PathRewriteView =
  | { readonly type: 'ReplaceFullPath'; readonly value: string }
  /** `prefix`: that of the rule's one match, without a trailing slash. */
  | { readonly type: 'ReplacePrefixMatch'; readonly prefix: string; readonly value: string };

/** HTTPRequestMirrorFilter: one copy, whose answer is thrown away. */
export interface MirrorView {
  /** null: it does not resolve, and nothing is sent. */
  readonly cluster: ClusterKey | null;
  /** Share of the requests: `numerator` in `denominator`. */
  readonly numerator: number;
  readonly denominator: number;
}

/** HTTPCORSFilter (GEP-1767). */
export interface CorsView {
  /** `*`, or `scheme://host[:port]`; the host, or its first label, may be `*`. */
  readonly allowOrigins: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly allowCredentials: boolean;
  /** Seconds. */
  readonly maxAge: number;
}

/** HTTPRouteRetry (GEP-1731). Connection errors are retried as well. */
export interface RetryView {
  /** Tries beside the first. */
  readonly attempts: number;
  /** Statuses of an answer that is not passed on while tries are left. */
  readonly codes: readonly number[];
  /** Least pause before the first retry; doubled for each that follows. Absent: a random one of up to 25 ms, doubled, at most 250 ms. */
  readonly backoffMs?: number | undefined;
  /** gRPC statuses (trailers-only answers) that are retried. */
  readonly grpcCodes?: readonly number[] | undefined;
}

/** Fault injection (Envoy Gateway): drawn independently, delay first. Percentages 0..100, fractions allowed. Flags DI, FI. */
export interface FaultView {
  readonly delay?: { readonly ms: number; readonly percentage: number } | undefined;
  readonly abort?:
    | { readonly httpStatus: number; readonly percentage: number }
    | { readonly grpcStatus: number; readonly percentage: number }
    | undefined;
}

/** GEP-1619. The chosen endpoint is named, not readable, in a cookie or header; it beats weights until the session ends. */
export interface SessionPersistenceView {
  readonly type: 'Cookie' | 'Header';
  readonly name: string;
  /** ms; absent: none. */
  readonly absoluteTimeoutMs?: number | undefined;
  /** Cookie: `Max-Age` says the absolute timeout. Otherwise it ends with the browser's session. */
  readonly permanent?: boolean | undefined;
  /** Cookie: `Path`; absent: `/`. */
  readonly path?: string | undefined;
}

/** What becomes of a connection as a whole (TCPRouteRule, TLSRouteRule). */
export interface L4ActionView {
  readonly route: string;
  readonly rule: string;
  /** A share whose cluster is null is reset. */
  readonly backends: readonly { readonly cluster: ClusterKey | null; readonly weight: number }[];
}

export interface TlsEntryView {
  /** In lower case; `*.example.com` stands for every name below, and `*` for every name. */
  readonly hostname: string;
  readonly action: L4ActionView;
}
