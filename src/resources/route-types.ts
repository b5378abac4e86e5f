/** Specs of the route kinds and of what they refer to, with the field names of the manifests and defaults applied. */

import type { SessionPersistenceSpec } from './policy-types.ts';

/** What a route may be attached to, and what may be a backend: by these two members. */
export interface ObjectRef {
  /** `` for Service, `networking.istio.io` for ServiceEntry. */
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  /** Absent: the route's own namespace. */
  readonly namespace?: string | undefined;
}

export interface ParentRef extends ObjectRef {
  /** The name of one port. */
  readonly sectionName?: string | undefined;
  readonly port?: number | undefined;
}

/** BackendObjectReference; a Service or ServiceEntry always has a port. */
export interface BackendRef extends ObjectRef {
  readonly port?: number | undefined;
}

export interface WeightedBackendRef extends BackendRef {
  /** 0 to 1000000; the share is weight / sum of the rule's weights. */
  readonly weight: number;
}

interface RouteSpec<Rule> {
  readonly parentRefs: readonly ParentRef[];
  /** Not interpreted in a mesh (GEP-1294); kept so that analysis can warn. A TLSRoute's are server names (SNI). */
  readonly hostnames: readonly string[];
  readonly rules: readonly Rule[];
}

export type HTTPRouteSpec = RouteSpec<HTTPRouteRule>;
export type GRPCRouteSpec = RouteSpec<GRPCRouteRule>;
/** One rule. */
export type TLSRouteSpec = RouteSpec<L4RouteRule>;
/** One rule. */
export type TCPRouteSpec = Omit<RouteSpec<L4RouteRule>, 'hostnames'>;

/** What the rules of HTTPRoute and GRPCRoute have in common. */
interface RequestRule<Match> {
  readonly name?: string | undefined;
  readonly matches: readonly Match[];
  readonly filters: readonly RouteFilter[];
  /** Empty: the parent itself. */
  readonly backendRefs: readonly FilteredBackendRef[];
  readonly sessionPersistence?: SessionPersistenceSpec | undefined;
}

export interface HTTPRouteRule extends RequestRule<HTTPRouteMatch> {
  readonly timeouts?:
    | { readonly request?: string | undefined; readonly backendRequest?: string | undefined }
    | undefined;
  readonly retry?: HTTPRouteRetry | undefined;
}

export type GRPCRouteRule = RequestRule<GRPCRouteMatch>;

export interface L4RouteRule {
  readonly name?: string | undefined;
  readonly backendRefs: readonly WeightedBackendRef[];
}

export interface FilteredBackendRef extends WeightedBackendRef {
  /** Never CORS and ExtensionRef. */
  readonly filters: readonly RouteFilter[];
}

/** GEP-1731. */
export interface HTTPRouteRetry {
  readonly codes: readonly number[];
  readonly attempts?: number | undefined;
  readonly backoff?: string | undefined;
}

export interface HTTPRouteMatch {
  readonly path: { readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression'; readonly value: string };
  readonly method?: string | undefined;
  readonly headers: readonly ValueMatch[];
  readonly queryParams: readonly ValueMatch[];
}

export interface GRPCRouteMatch {
  /** Absent: every call. */
  readonly method?: GRPCMethodMatch | undefined;
  readonly headers: readonly ValueMatch[];
}

/** One of `service` and `method` is there. */
export interface GRPCMethodMatch {
  readonly type: 'Exact' | 'RegularExpression';
  readonly service?: string | undefined;
  readonly method?: string | undefined;
}

export interface ValueMatch {
  readonly type: 'Exact' | 'RegularExpression';
  readonly name: string;
  readonly value: string;
}

/** GRPCRoute has no RequestRedirect, URLRewrite and CORS. */
export type RouteFilter =
  | { readonly type: 'RequestHeaderModifier'; readonly requestHeaderModifier: HeaderModifier }
  | { readonly type: 'ResponseHeaderModifier'; readonly responseHeaderModifier: HeaderModifier }
  | { readonly type: 'RequestMirror'; readonly requestMirror: RequestMirror }
  | { readonly type: 'RequestRedirect'; readonly requestRedirect: RequestRedirect }
  | { readonly type: 'URLRewrite'; readonly urlRewrite: UrlRewrite }
  | { readonly type: 'CORS'; readonly cors: Cors }
  | { readonly type: 'ExtensionRef'; readonly extensionRef: ExtensionRef };

export interface ExtensionRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

export interface NamedValue {
  readonly name: string;
  readonly value: string;
}

export interface HeaderModifier {
  readonly set: readonly NamedValue[];
  readonly add: readonly NamedValue[];
  readonly remove: readonly string[];
}

/** Neither `percent` nor `fraction`: every request. */
export interface RequestMirror {
  readonly backendRef: BackendRef;
  readonly percent?: number | undefined;
  readonly fraction?: { readonly numerator: number; readonly denominator: number } | undefined;
}

export type PathModifier =
  | { readonly type: 'ReplaceFullPath'; readonly replaceFullPath: string }
  | { readonly type: 'ReplacePrefixMatch'; readonly replacePrefixMatch: string };

export interface RequestRedirect {
  readonly scheme?: 'http' | 'https' | undefined;
  readonly hostname?: string | undefined;
  readonly path?: PathModifier | undefined;
  readonly port?: number | undefined;
  readonly statusCode: 301 | 302 | 303 | 307 | 308;
}

export interface UrlRewrite {
  readonly hostname?: string | undefined;
  readonly path?: PathModifier | undefined;
}

/** GEP-1767. */
export interface Cors {
  readonly allowOrigins: readonly string[];
  readonly allowCredentials: boolean;
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  /** Seconds. */
  readonly maxAge: number;
}

/** Envoy Gateway's kind, referred to by the filter ExtensionRef. */
export interface HTTPRouteFilterSpec {
  /** Added to those of the rule: one of these must match as well. Empty: none are needed. */
  readonly matches: readonly { readonly cookies: readonly ValueMatch[] }[];
  readonly directResponse?: DirectResponse | undefined;
}

export interface DirectResponse {
  readonly statusCode: number;
  readonly contentType?: string | undefined;
  readonly body?: { readonly type: 'Inline'; readonly inline: string } | undefined;
  readonly header?: Omit<HeaderModifier, 'remove'> | undefined;
}
