/** What one data thread may have under way for a cluster (Envoy's circuit breakers). Beyond it: 503, flag UO. */
import type { CircuitBreakerView } from '../../contract/cluster-views.ts';

export interface Thresholds {
  readonly connections: number;
  /** Requests that have no connection, or no stream, yet. */
  readonly pending: number;
  readonly requests: number;
  readonly retries: number;
  /** Requests after which a connection is not used again. */
  readonly requestsPerConnection: number;
  readonly connectionsPerEndpoint: number;
}

/** Which threshold was met, as metrics name it. */
export type Overflow = 'connections' | 'pending' | 'requests' | 'retries';

const USUAL = 1024;

/** Connections are bounded by the requests that use them; a program that holds thousands open of another protocol has its reasons. */
export const USUAL_THRESHOLDS: Thresholds = {
  connections: Number.POSITIVE_INFINITY,
  pending: USUAL,
  requests: USUAL,
  retries: USUAL,
  requestsPerConnection: Number.POSITIVE_INFINITY,
  connectionsPerEndpoint: Number.POSITIVE_INFINITY,
};

const NO_LIMIT = Number.POSITIVE_INFINITY;
export const UNLIMITED: Thresholds = {
  connections: NO_LIMIT,
  pending: NO_LIMIT,
  requests: NO_LIMIT,
  retries: NO_LIMIT,
  requestsPerConnection: NO_LIMIT,
  connectionsPerEndpoint: NO_LIMIT,
};

/** What a view does not say is 1024 for requests, and without limit for connections and for what concerns one of them or one endpoint. */
export function thresholdsOf(view: CircuitBreakerView | undefined): Thresholds {
  if (view === undefined) return USUAL_THRESHOLDS;
  return {
    connections: view.maxConnections ?? Number.POSITIVE_INFINITY,
    pending: view.maxPendingRequests ?? USUAL,
    requests: view.maxParallelRequests ?? USUAL,
    retries: view.maxParallelRetries ?? USUAL,
    requestsPerConnection: view.maxRequestsPerConnection ?? Number.POSITIVE_INFINITY,
    connectionsPerEndpoint: view.maxConnectionsPerEndpoint ?? Number.POSITIVE_INFINITY,
  };
}

/**
 * Whether one more connection may be dialled. An endpoint that has none may always have one: otherwise those that are idle
 * elsewhere would keep it from being used at all (Envoy does the same).
 * @param ofCluster connections of the cluster @param ofEndpoint connections of the endpoint
 */
export function mayConnect(thresholds: Thresholds, ofCluster: number, ofEndpoint: number): boolean {
  if (ofEndpoint >= thresholds.connectionsPerEndpoint) return false;
  return ofCluster < thresholds.connections || (ofEndpoint === 0 && thresholds.connections > 0);
}
