/** The place of one connection in the numbers that circuit breakers go by. */
import type { ClusterTraffic } from '../endpoints/cluster-traffic.ts';
import { mayConnect, type Overflow } from '../policy/circuit-breaker.ts';

export interface CountedEndpoint {
  /** Connections that are open, or being established, for whatever cluster. */
  connections: number;
}

/**
 * Why a cluster may not have another connection now, or null when it may.
 * @param traffic null = no cluster @param isWaiting who wants it is among those that are counted as waiting
 */
export function refusesConnection(
  traffic: ClusterTraffic | null,
  endpoint: CountedEndpoint,
  isWaiting = false,
): Overflow | null {
  if (traffic === null) return null;
  const { thresholds, connections, pending } = traffic;
  if (pending >= thresholds.pending && !isWaiting) return 'pending';
  return mayConnect(thresholds, connections, endpoint.connections) ? null : 'connections';
}

export class ConnectionCount {
  readonly #endpoint: CountedEndpoint;
  readonly #traffic: ClusterTraffic | null;
  #isPending = true;
  #isOver = false;

  /** A connection is being dialled. */
  constructor(endpoint: CountedEndpoint, traffic: ClusterTraffic | null) {
    this.#endpoint = endpoint;
    this.#traffic = traffic;
    endpoint.connections++;
    if (traffic === null) return;
    traffic.connections++;
    traffic.pending++;
  }

  established(): void {
    if (this.#isPending && this.#traffic !== null) this.#traffic.pending--;
    this.#isPending = false;
  }

  /** It is over; more than once is harmless. */
  end(): void {
    this.established();
    if (this.#isOver) return;
    this.#isOver = true;
    this.#endpoint.connections--;
    if (this.#traffic !== null) this.#traffic.connections--;
  }
}
