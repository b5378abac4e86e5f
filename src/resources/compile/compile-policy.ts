import type {
  ActiveCheckView,
  CircuitBreakerView,
  ClusterTimeoutsView,
  ClusterView,
  HashView,
  LoadBalancer,
  OutlierView,
  RetryBudgetView,
} from '../../contract/cluster-views.ts';
import { parseDuration } from '../parse-duration.ts';
import type {
  ActiveHealthCheckSpec,
  BackendTrafficPolicySpec,
  CircuitBreakerSpec,
  ConsistentHashSpec,
  PassiveHealthCheckSpec,
  RetryConstraintSpec,
  TimeoutSpec,
} from '../policy-types.ts';
import { compileFault } from './compile-fault.ts';
import { compileSession } from './compile-session.ts';

/** Two random endpoints, the one with fewer requests in flight. */
const DEFAULT_LOAD_BALANCER: LoadBalancer = 'LeastRequest';

type PolicyMembers = Omit<ClusterView, 'service' | 'port' | 'protocol' | 'endpoints' | 'tls' | 'names' | 'passthrough'>;

/**
 * What a policy makes of a cluster. Members that say nothing are left out: the views of everybody else stay the same.
 * @param spec undefined: no policy applies.
 * @param cluster key of the cluster, for names that are made.
 */
export function compilePolicy(spec: BackendTrafficPolicySpec | undefined, cluster: string): PolicyMembers {
  if (spec === undefined) return { loadBalancer: DEFAULT_LOAD_BALANCER };
  const { sessionPersistence: session, circuitBreaker, retryConstraint, hedge, faultInjection } = spec;
  const timeouts = compileTimeouts(spec.timeout ?? {});
  const fault = faultInjection === undefined ? null : compileFault(faultInjection);
  return {
    ...compileBalancing(spec),
    ...compileHealth(spec),
    ...(session === undefined ? {} : { sessionPersistence: compileSession(session, cluster) }),
    ...(circuitBreaker === undefined ? {} : { circuitBreaker: compileBreaker(circuitBreaker) }),
    ...(Object.keys(timeouts).length === 0 ? {} : { timeouts }),
    ...(retryConstraint === undefined ? {} : { retryBudget: compileBudget(retryConstraint) }),
    ...(hedge?.onPerTryTimeout === true ? { hedgeOnPerTryTimeout: true } : {}),
    ...(fault === null ? {} : { fault }),
  };
}

function compileBalancing({ loadBalancer }: BackendTrafficPolicySpec) {
  if (loadBalancer === undefined) return { loadBalancer: DEFAULT_LOAD_BALANCER };
  const { type, consistentHash, slowStart, zoneAware } = loadBalancer;
  return {
    loadBalancer: type,
    ...(consistentHash === undefined ? {} : { hash: compileHash(consistentHash) }),
    ...(slowStart === undefined ? {} : { slowStartMs: ms(slowStart.window) }),
    ...(zoneAware === undefined ? {} : { preferLocal: true }),
  };
}

/** The schema has seen to it that there is exactly one name. */
function compileHash(spec: ConsistentHashSpec): HashView {
  switch (spec.type) {
    case 'SourceIP':
      return { type: 'SourceIP' };
    case 'Headers':
      return { type: 'Header', name: (spec.headers[0]?.name ?? '').toLowerCase() };
    case 'Cookie': {
      const { name, ttl } = spec.cookie;
      return { type: 'Cookie', name, ...(ttl === undefined ? {} : { ttlMs: ms(ttl) }) };
    }
    case 'QueryParams':
      return { type: 'QueryParam', name: spec.queryParams[0]?.name ?? '' };
  }
}

function compileHealth({ healthCheck }: BackendTrafficPolicySpec) {
  if (healthCheck === undefined) return {};
  const { passive, active, panicThreshold } = healthCheck;
  return {
    ...(passive === undefined ? {} : { outlier: compileOutlier(passive) }),
    ...(active === undefined ? {} : { activeCheck: compileActiveCheck(active) }),
    ...(panicThreshold === 0 ? {} : { panicThreshold }),
  };
}

function compileOutlier(spec: PassiveHealthCheckSpec): OutlierView {
  const { successRate, failurePercentageThreshold: threshold, failurePercentageRequestVolume: minRequests } = spec;
  return {
    consecutive5xx: spec.consecutive5XxErrors,
    consecutiveGatewayErrors: spec.consecutiveGatewayErrors,
    consecutiveLocalErrors: spec.consecutiveLocalOriginFailures,
    splitLocalErrors: spec.splitExternalLocalOriginErrors,
    ...(successRate === undefined ? {} : { successRate: compileSuccessRate(successRate) }),
    ...(threshold === undefined ? {} : { failurePercentage: { threshold, minRequests } }),
    intervalMs: ms(spec.interval),
    baseEjectionMs: ms(spec.baseEjectionTime),
    maxEjectionMs: ms(spec.maxEjectionTime),
    maxEjectionPercent: spec.maxEjectionPercent,
    alwaysEjectOne: spec.alwaysEjectOneEndpoint,
  };
}

function compileSuccessRate(spec: NonNullable<PassiveHealthCheckSpec['successRate']>): OutlierView['successRate'] {
  return { stdevFactor: spec.stdevFactor, minHosts: spec.minimumHosts, minRequests: spec.requestVolume };
}

function compileActiveCheck(spec: ActiveHealthCheckSpec): ActiveCheckView {
  const { unhealthyThreshold, healthyThreshold } = spec;
  const pace = { intervalMs: ms(spec.interval), timeoutMs: ms(spec.timeout), unhealthyThreshold, healthyThreshold };
  if (spec.type === 'TCP') return { ...pace, check: { type: 'TCP' } };
  if (spec.type === 'GRPC') return { ...pace, check: { type: 'GRPC', service: spec.grpc.service } };
  const { path, method, hostname, expectedStatuses } = spec.http;
  const host = hostname === undefined ? {} : { host: hostname };
  return { ...pace, check: { type: 'HTTP', path, ...host, method, expectedStatuses } };
}

function compileBreaker({ perEndpoint, ...limits }: CircuitBreakerSpec): CircuitBreakerView {
  return { ...limits, ...(perEndpoint === undefined ? {} : { maxConnectionsPerEndpoint: perEndpoint.maxConnections }) };
}

function compileTimeouts({ tcp = {}, http = {} }: TimeoutSpec): ClusterTimeoutsView {
  const named = {
    connectMs: tcp.connectTimeout,
    requestMs: http.requestTimeout,
    connectionIdleMs: http.connectionIdleTimeout,
    maxConnectionMs: http.maxConnectionDuration,
    streamIdleMs: http.streamIdleTimeout,
    maxStreamMs: http.maxStreamDuration,
    tcpIdleMs: tcp.idleTimeout,
  };
  const given = Object.entries(named).flatMap(([name, text]) => (text === undefined ? [] : [[name, ms(text)]]));
  return Object.fromEntries(given);
}

function compileBudget({ budget, minRetryRate }: RetryConstraintSpec): RetryBudgetView {
  return {
    percent: budget.percent,
    intervalMs: ms(budget.interval),
    minCount: minRetryRate.count,
    minIntervalMs: ms(minRetryRate.interval),
  };
}

/** The schema has read the text already. */
function ms(duration: string): number {
  return parseDuration(duration) ?? 0;
}
