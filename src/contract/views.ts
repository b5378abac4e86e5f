/**
 * Views: compiled, versioned configuration. `resources/` compiles them, control publishes them, agents hold them, data
 * threads read them. Plain immutable JSON data, complete in themselves: a service's view carries every cluster that its
 * rules may choose, so that applying one message is atomic and never refers to something not yet there.
 */

/** Newest wins: a higher epoch first, then a higher gen. `epoch` rises when the store was recreated; `gen` with every change. */
export interface ViewVersion {
  readonly epoch: number;
  readonly gen: number;
  /** sha256 (hex, 16 characters) of the content without the version: equal content is never published twice. */
  readonly hash: string;
}

/** `<namespace>/<name>` of a Service. */
export type ServiceKey = string;
/** `<namespace>/<name>:<port>`: one port of a Service seen as a set of endpoints. */
export type ClusterKey = string;

export type AppProtocol = 'auto' | 'http1' | 'http2' | 'grpc' | 'tls' | 'tcp';
export type LoadBalancer = 'RoundRobin' | 'LeastRequest';

/** KV key `dir.<n>`: what every agent knows of every service, so that it can recognise a dialled virtual IP. */
export interface DirectoryView {
  readonly version: ViewVersion;
  readonly services: readonly DirectoryEntry[];
}

export interface DirectoryEntry {
  readonly namespace: string;
  readonly name: string;
  /** IPv4 and IPv6 addresses in canonical text. */
  readonly virtualIps: readonly string[];
  readonly ports: readonly number[];
}

/** KV key `svc.<namespace>.<name>`: everything needed to send traffic to one service. */
export interface ServiceView {
  readonly version: ViewVersion;
  readonly namespace: string;
  readonly name: string;
  readonly virtualIps: readonly string[];
  readonly ports: readonly ServicePortView[];
  readonly clusters: Readonly<Record<ClusterKey, ClusterView>>;
}

export interface ServicePortView {
  readonly name: string;
  readonly port: number;
  readonly protocol: AppProtocol;
  /** Where traffic goes when no route is attached. */
  readonly cluster: ClusterKey;
  /** null: no HTTPRoute attached. Otherwise a request that matches no entry is answered 404 (GEP-1294). */
  readonly http: HttpRoutingView | null;
}

export interface HttpRoutingView {
  /** In precedence order (Gateway API HTTPRouteRule): the first entry that matches decides. */
  readonly entries: readonly RouteEntryView[];
  readonly actions: readonly RouteActionView[];
}

/** One entry of `matches[]` of one rule; an empty object matches everything. */
export interface RouteEntryView {
  readonly path: { readonly type: 'Exact' | 'PathPrefix'; readonly value: string } | null;
  readonly method: string | null;
  /** Names in lower case. All must match. */
  readonly headers: readonly NameValue[];
  readonly query: readonly NameValue[];
  /** Index into `actions`. */
  readonly action: number;
}

export interface RouteActionView {
  /** `<namespace>/<name>` of the HTTPRoute. */
  readonly route: string;
  /** The rule's `name`, or its index in the route as text. */
  readonly rule: string;
  readonly backends: readonly WeightedBackendView[];
  readonly requestHeaders: HeaderEditView | null;
  /** `timeouts.request` in ms; null = none (0s). Expiry answers 504, flag UT. */
  readonly requestTimeoutMs: number | null;
}

export interface WeightedBackendView {
  /** null: the reference does not resolve; exactly its share is answered 500, flag NC. */
  readonly cluster: ClusterKey | null;
  readonly weight: number;
  /** backendRef-level RequestHeaderModifier, applied after the rule's. */
  readonly requestHeaders: HeaderEditView | null;
}

export interface HeaderEditView {
  readonly set: readonly NameValue[];
  readonly add: readonly NameValue[];
  readonly remove: readonly string[];
}

export interface NameValue {
  readonly name: string;
  readonly value: string;
}

export interface ClusterView {
  readonly service: ServiceKey;
  readonly port: number;
  readonly protocol: AppProtocol;
  readonly loadBalancer: LoadBalancer;
  /** Sorted by address then port. Empty: 503, flag UH. */
  readonly endpoints: readonly EndpointView[];
  /** Absent: connections to the endpoints are as the protocol says. */
  readonly tls?: UpstreamTlsView | undefined;
}

/** TLS that begins here, for programs that speak without (BackendTLSPolicy). */
export interface UpstreamTlsView {
  /** Sent to the endpoint (SNI). */
  readonly serverName: string;
  /** The endpoint's certificate must be for one of these DNS names or URIs. */
  readonly hosts: readonly string[];
  readonly uris: readonly string[];
  readonly trusted:
    | { readonly type: 'system' }
    | { readonly type: 'certificates'; readonly pem: string }
    /** The policy cannot be kept: 503, flag UF, with this sentence; never in plain text. */
    | { readonly type: 'unusable'; readonly sentence: string };
}

export interface EndpointView {
  readonly ip: string;
  readonly port: number;
  /** 1..; default 1. */
  readonly weight: number;
  /** `<namespace>/<name>` of the WorkloadEntry. */
  readonly workload: string;
}

/** A program on this host, from the agent's own file: labels what arrives on the inbound side. */
export interface InboundWorkloadView {
  readonly namespace: string;
  readonly name: string;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: AppProtocol }[];
}

export function serviceKey(namespace: string, name: string): ServiceKey {
  return `${namespace}/${name}`;
}

/** True when `a` is newer than `b`: never step back. */
export function isNewer(a: ViewVersion, b: ViewVersion): boolean {
  return a.epoch !== b.epoch ? a.epoch > b.epoch : a.gen > b.gen;
}
