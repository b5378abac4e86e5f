/** The health of all clusters of this thread that mind it, by cluster. */
import type { Cluster, WeightedEndpoint } from './cluster.ts';
import { ClusterHealth, type ReportHealth } from './cluster-health.ts';
import type { ClusterSettings } from './cluster-settings.ts';
import type { Endpoint } from './endpoint.ts';

export interface Clock {
  /** ms, monotonic. */
  readonly now: number;
}

export class HealthRegistry {
  readonly #clock: Clock;
  readonly #report: ReportHealth;
  readonly #healths = new Map<string, ClusterHealth>();

  constructor(clock: Clock, report: ReportHealth) {
    this.#clock = clock;
    this.#report = report;
  }

  /** For a cluster of a view; null when it needs none. */
  get(key: string, settings: ClusterSettings): ClusterHealth | null {
    const { outlier, activeCheck, slowStartMs = 0 } = settings;
    if (outlier === undefined && activeCheck === undefined && slowStartMs === 0) return null;
    let health = this.#healths.get(key);
    if (health === undefined) {
      health = new ClusterHealth(key, this.#report);
      this.#healths.set(key, health);
    }
    return health;
  }

  /** The cluster's view is in force. */
  enter({ health, settings, endpoints }: Cluster): void {
    health?.join(settings, endpoints.map(endpointOf), this.#clock.now);
  }

  /** ... and no longer. */
  leave({ health, endpoints }: Cluster): void {
    if (health === null) return;
    health.leave(endpoints.map(endpointOf), this.#clock.now);
    if (health.isUnused && this.#healths.get(health.key) === health) this.#healths.delete(health.key);
  }

  /** What an active check found; null: the endpoint is checked no more. */
  check(cluster: string, address: string, passes: boolean | null): void {
    this.#healths.get(cluster)?.check(address, passes, this.#clock.now);
  }

  all(): Iterable<ClusterHealth> {
    return this.#healths.values();
  }
}

function endpointOf({ endpoint }: WeightedEndpoint): Endpoint {
  return endpoint;
}
