/** BackendTrafficPolicy, decoded. Field names are those of Envoy Gateway and the Gateway API; durations stay text (GEP-2257). */
import type { RateLimitSpec } from './rate-limit-types.ts';

export interface BackendTrafficPolicySpec {
  readonly targetRefs: readonly PolicyTarget[];
  readonly loadBalancer?: LoadBalancerSpec | undefined;
  readonly circuitBreaker?: CircuitBreakerSpec | undefined;
  readonly healthCheck?: HealthCheckSpec | undefined;
  readonly timeout?: TimeoutSpec | undefined;
  readonly retryConstraint?: RetryConstraintSpec | undefined;
  readonly hedge?: { readonly onPerTryTimeout: boolean } | undefined;
  readonly retry?: PolicyRetrySpec | undefined;
  readonly faultInjection?: FaultInjectionSpec | undefined;
  readonly sessionPersistence?: SessionPersistenceSpec | undefined;
  readonly rateLimit?: RateLimitSpec | undefined;
}

export type FrontendTarget = (
  | { readonly group: ''; readonly kind: 'Service' }
  | { readonly group: 'networking.istio.io'; readonly kind: 'ServiceEntry' }
) & {
  readonly name: string;
  /** The name of one port; absent: all ports. */
  readonly sectionName?: string | undefined;
};

export interface RouteTarget {
  readonly group: 'gateway.networking.k8s.io';
  readonly kind: 'HTTPRoute' | 'GRPCRoute';
  readonly name: string;
  /** The name of one rule; absent: all rules. */
  readonly sectionName?: string | undefined;
}

export type PolicyTarget = FrontendTarget | RouteTarget;

export function isRouteTarget(ref: PolicyTarget): ref is RouteTarget {
  return ref.kind === 'HTTPRoute' || ref.kind === 'GRPCRoute';
}

export interface LoadBalancerSpec {
  readonly type: 'RoundRobin' | 'LeastRequest' | 'Random' | 'PeakEWMA' | 'ConsistentHash';
  /** There with ConsistentHash, and only then. */
  readonly consistentHash?: ConsistentHashSpec | undefined;
  readonly slowStart?: { readonly window: string } | undefined;
  readonly zoneAware?: { readonly preferLocal: Readonly<Record<string, never>> } | undefined;
}

export type ConsistentHashSpec =
  | { readonly type: 'SourceIP' }
  | { readonly type: 'Headers'; readonly headers: readonly { readonly name: string }[] }
  | { readonly type: 'Cookie'; readonly cookie: { readonly name: string; readonly ttl?: string | undefined } }
  | { readonly type: 'QueryParams'; readonly queryParams: readonly { readonly name: string }[] };

/** Absent members: 1024 each, and no limit of requests for one connection. */
export interface CircuitBreakerSpec {
  readonly maxConnections?: number | undefined;
  readonly maxPendingRequests?: number | undefined;
  readonly maxParallelRequests?: number | undefined;
  readonly maxParallelRetries?: number | undefined;
  readonly maxRequestsPerConnection?: number | undefined;
  readonly perEndpoint?: { readonly maxConnections: number } | undefined;
}

export interface HealthCheckSpec {
  readonly passive?: PassiveHealthCheckSpec | undefined;
  readonly active?: ActiveHealthCheckSpec | undefined;
  /** Percent. */
  readonly panicThreshold: number;
}

export interface PassiveHealthCheckSpec {
  readonly consecutive5XxErrors: number;
  readonly consecutiveGatewayErrors: number;
  readonly consecutiveLocalOriginFailures: number;
  readonly splitExternalLocalOriginErrors: boolean;
  readonly failurePercentageThreshold?: number | undefined;
  readonly failurePercentageRequestVolume: number;
  /** Absent: off. */
  readonly successRate?:
    | {
        readonly minimumHosts: number;
        readonly requestVolume: number;
        /** Thousandths of the standard deviation. */
        readonly stdevFactor: number;
      }
    | undefined;
  readonly interval: string;
  readonly baseEjectionTime: string;
  readonly maxEjectionTime: string;
  readonly maxEjectionPercent: number;
  readonly alwaysEjectOneEndpoint: boolean;
}

interface ActiveCheckPace {
  readonly interval: string;
  readonly timeout: string;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
}

export type ActiveHealthCheckSpec = ActiveCheckPace &
  (
    | {
        readonly type: 'HTTP';
        readonly http: {
          readonly path: string;
          readonly method: string;
          readonly hostname?: string | undefined;
          readonly expectedStatuses: readonly number[];
        };
      }
    | { readonly type: 'TCP' }
    | { readonly type: 'GRPC'; readonly grpc: { readonly service: string } }
  );

export interface TimeoutSpec {
  readonly tcp?:
    | { readonly connectTimeout?: string | undefined; readonly idleTimeout?: string | undefined }
    | undefined;
  readonly http?:
    | {
        readonly connectionIdleTimeout?: string | undefined;
        readonly maxConnectionDuration?: string | undefined;
        readonly requestTimeout?: string | undefined;
        readonly streamIdleTimeout?: string | undefined;
        readonly maxStreamDuration?: string | undefined;
      }
    | undefined;
}

/** GEP-3388. */
export interface RetryConstraintSpec {
  readonly budget: { readonly percent: number; readonly interval: string };
  readonly minRetryRate: { readonly count: number; readonly interval: string };
}

export interface PolicyRetrySpec {
  readonly numRetries: number;
  readonly retryOn: { readonly triggers: readonly RetryTrigger[]; readonly httpStatusCodes: readonly number[] };
  readonly perRetry?:
    | {
        readonly timeout?: string | undefined;
        readonly backOff?: { readonly baseInterval: string } | undefined;
      }
    | undefined;
}

/** Envoy's words (x-envoy-retry-on, x-envoy-retry-grpc-on). */
export const RETRY_TRIGGERS = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
] as const;
export type RetryTrigger = (typeof RETRY_TRIGGERS)[number];

export interface FaultInjectionSpec {
  readonly delay?: { readonly fixedDelay: string; readonly percentage: number } | undefined;
  readonly abort?: FaultAbortSpec | undefined;
}

export type FaultAbortSpec =
  | { readonly httpStatus: number; readonly percentage: number }
  | { readonly grpcStatus: number; readonly percentage: number };

/** GEP-1619. */
export type SessionPersistenceSpec =
  | {
      readonly type: 'Cookie';
      readonly absoluteTimeout?: string | undefined;
      readonly cookie: {
        /** Absent: made from what the sessions are for. */
        readonly name?: string | undefined;
        readonly path: string;
        readonly lifetimeType: 'Session' | 'Permanent';
      };
    }
  | {
      readonly type: 'Header';
      readonly absoluteTimeout?: string | undefined;
      readonly header: { readonly name: string };
    };
