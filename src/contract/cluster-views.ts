/** Sets of endpoints and how they are treated. A member that says nothing is left out, as in `route-views.ts`. */
import type { FaultView, SessionPersistenceView } from './route-views.ts';
import type { AppProtocol, ServiceKey } from './view-words.ts';

export type LoadBalancer = 'RoundRobin' | 'LeastRequest' | 'Random' | 'PeakEWMA' | 'ConsistentHash';

export interface ClusterView {
  readonly service: ServiceKey;
  readonly port: number;
  readonly protocol: AppProtocol;
  readonly loadBalancer: LoadBalancer;
  /** There with ConsistentHash. */
  readonly hash?: HashView | undefined;
  /** Sorted by address then port. Empty: 503, flag UH. */
  readonly endpoints: readonly EndpointView[];
  /** Absent: connections to the endpoints are as the protocol says. */
  readonly tls?: UpstreamTlsView | undefined;
  /** Names whose addresses, as the agent resolves them, are endpoints (ServiceEntry with resolution DNS). */
  readonly names?: readonly EndpointNameView[] | undefined;
  /** ServiceEntry with resolution NONE: connections keep their original destination. */
  readonly passthrough?: boolean | undefined;
  /** ms over which a new endpoint comes up to its whole weight, from a tenth. RoundRobin and LeastRequest. */
  readonly slowStartMs?: number | undefined;
  /** Prefer endpoints of the caller's region, zone and sub-zone, spilling over below 1 / 1.4 = 71 % healthy. */
  readonly preferLocal?: boolean | undefined;
  /** Below this share (%) of endpoints that are not ejected, all are used. Absent: 0, never. */
  readonly panicThreshold?: number | undefined;
  readonly sessionPersistence?: SessionPersistenceView | undefined;
  readonly circuitBreaker?: CircuitBreakerView | undefined;
  readonly outlier?: OutlierView | undefined;
  readonly activeCheck?: ActiveCheckView | undefined;
  readonly timeouts?: ClusterTimeoutsView | undefined;
  readonly retryBudget?: RetryBudgetView | undefined;
  /** A second request when one try's time is up, without giving the first up; the first good answer counts. */
  readonly hedgeOnPerTryTimeout?: boolean | undefined;
  /** Of every request that goes here; an action with faults of its own beats it. */
  readonly fault?: FaultView | undefined;
}

export interface EndpointView {
  readonly ip: string;
  readonly port: number;
  /** 1..; default 1. */
  readonly weight: number;
  /** `<namespace>/<name>` of the WorkloadEntry. */
  readonly workload: string;
  /** `region/zone/subzone`, any of which may be missing at the end. */
  readonly locality?: string | undefined;
  /** SPIFFE ID that the endpoint must show: connections to it are mutual TLS. Absent: they are as the cluster says. */
  readonly identity?: string | undefined;
}

export interface EndpointNameView {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  readonly locality?: string | undefined;
}

export type HashView =
  | { readonly type: 'SourceIP' }
  | { readonly type: 'Header'; readonly name: string }
  /** Given to clients that have none when `ttlMs` is there (0: for the browser's session). */
  | { readonly type: 'Cookie'; readonly name: string; readonly ttlMs?: number | undefined }
  | { readonly type: 'QueryParam'; readonly name: string };

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

/** Envoy's thresholds, of one data thread for one cluster. Over them: 503, flag UO, `x-envoy-overloaded`. Absent: 1024 for requests, none for connections. */
export interface CircuitBreakerView {
  readonly maxConnections?: number | undefined;
  readonly maxPendingRequests?: number | undefined;
  readonly maxParallelRequests?: number | undefined;
  readonly maxParallelRetries?: number | undefined;
  readonly maxRequestsPerConnection?: number | undefined;
  /** Of one endpoint. */
  readonly maxConnectionsPerEndpoint?: number | undefined;
}

/** Outlier detection (Envoy): an endpoint that fails is ejected for base x times, at most `maxEjectionMs`. 0 = that kind is off. */
export interface OutlierView {
  readonly consecutive5xx: number;
  readonly consecutiveGatewayErrors: number;
  /** Failed connects, resets and timeouts; counted apart from answers when `splitLocalErrors`. */
  readonly consecutiveLocalErrors: number;
  readonly splitLocalErrors: boolean;
  /** Success rate: below mean - factor / 1000 x standard deviation; needs `minHosts` with `minRequests` each in an interval. */
  readonly successRate?:
    | { readonly stdevFactor: number; readonly minHosts: number; readonly minRequests: number }
    | undefined;
  /** Ejects at that share (%) of failures and above. */
  readonly failurePercentage?: { readonly threshold: number; readonly minRequests: number } | undefined;
  readonly intervalMs: number;
  readonly baseEjectionMs: number;
  readonly maxEjectionMs: number;
  readonly maxEjectionPercent: number;
  /** Even if `maxEjectionPercent` allows none. */
  readonly alwaysEjectOne: boolean;
}

/** Checks that each agent makes of the endpoints it uses. */
export interface ActiveCheckView {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
  readonly check:
    | {
        readonly type: 'HTTP';
        readonly path: string;
        readonly host?: string | undefined;
        readonly method: string;
        readonly expectedStatuses: readonly number[];
      }
    | { readonly type: 'TCP' }
    | { readonly type: 'GRPC'; readonly service: string };
}

/** ms; absent: the agent's own limit. 0 = none. */
export interface ClusterTimeoutsView {
  readonly connectMs?: number | undefined;
  /** Where no route says otherwise. */
  readonly requestMs?: number | undefined;
  readonly connectionIdleMs?: number | undefined;
  readonly maxConnectionMs?: number | undefined;
  /** Silence in both directions of one exchange: 408 or 504, flag SI. */
  readonly streamIdleMs?: number | undefined;
  /** Flag UMSDR. */
  readonly maxStreamMs?: number | undefined;
  /** Opaque connections: silence in both directions. */
  readonly tcpIdleMs?: number | undefined;
}

/** `retryConstraint` (GEP-3388): retries over this are not sent, and the client gets 503. Absent: 20 %, 10 s, 10 in 1 s. */
export interface RetryBudgetView {
  readonly percent: number;
  readonly intervalMs: number;
  readonly minCount: number;
  readonly minIntervalMs: number;
}
