/** What is under way for each cluster, written into the counters once a second: connections, requests, breakers, ejections. */
import type { Context } from './context.ts';
import type { Counters, Labels } from './counters.ts';
import type { ClusterTraffic } from './endpoints/cluster-traffic.ts';
import type { Overflow } from './policy/circuit-breaker.ts';

const NAMES = [
  'towpath_upstream_connections',
  'towpath_upstream_connections_idle',
  'towpath_upstream_requests_active',
  'towpath_upstream_requests_pending',
  'towpath_upstream_retries_active',
] as const;
const LIMITS: readonly Overflow[] = ['connections', 'pending', 'requests', 'retries'];

interface Followed {
  readonly traffic: ClusterTraffic;
  /** Places of the numbers above, then of the limits. */
  readonly places: Int32Array;
  idle: number;
}

export class PoolGauges {
  readonly #counters: Counters;
  readonly #followed = new Map<ClusterTraffic, Followed>();
  /** By cluster: those that have, or had, ejected endpoints. */
  readonly #ejected = new Map<string, number>();

  constructor(counters: Counters) {
    this.#counters = counters;
    counters.onForget(() => this.#forget());
  }

  publish({ table, outbound }: Pick<Context, 'table' | 'outbound'>): void {
    for (const traffic of table.traffic.all()) {
      if (traffic.connections > 0 || traffic.requests > 0) this.#follow(traffic);
    }
    for (const followed of this.#followed.values()) followed.idle = 0;
    for (const { idle } of outbound.all()) {
      for (const { traffic } of idle) {
        const followed = traffic === null ? undefined : this.#followed.get(traffic);
        if (followed !== undefined) followed.idle++;
      }
    }
    for (const followed of this.#followed.values()) this.#write(followed);
    this.#writeEjected(table.healths.all());
  }

  #follow(traffic: ClusterTraffic): void {
    if (this.#followed.has(traffic)) return;
    const cluster = traffic.key;
    const place = (name: string, labels: Labels): number => this.#counters.series(name, { cluster, ...labels });
    const limits = LIMITS.map((limit) => place('towpath_circuit_breaker_open', { limit }));
    const places = Int32Array.from([...NAMES.map((name) => place(name, {})), ...limits]);
    this.#followed.set(traffic, { traffic, places, idle: 0 });
  }

  #write({ traffic, places, idle }: Followed): void {
    const { values } = this.#counters;
    const { connections, pending, requests, retries, thresholds } = traffic;
    values[places[0]] = connections;
    values[places[1]] = idle;
    values[places[2]] = requests;
    values[places[3]] = pending;
    values[places[4]] = retries;
    values[places[5]] = Number(connections >= thresholds.connections);
    values[places[6]] = Number(pending >= thresholds.pending);
    values[places[7]] = Number(requests >= thresholds.requests);
    values[places[8]] = Number(retries >= thresholds.retries);
    // Its last numbers are zero, and stand.
    if (connections === 0 && pending === 0 && requests === 0 && retries === 0) this.#followed.delete(traffic);
  }

  #writeEjected(healths: Iterable<{ readonly key: string; readonly ejected: number }>): void {
    const { values } = this.#counters;
    for (const place of this.#ejected.values()) values[place] = 0;
    for (const { key, ejected } of healths) {
      let place = this.#ejected.get(key);
      if (place === undefined && ejected > 0) {
        place = this.#counters.series('towpath_endpoints_ejected', { cluster: key });
        this.#ejected.set(key, place);
      }
      if (place !== undefined) values[place] = ejected;
    }
  }

  #forget(): void {
    this.#followed.clear();
    this.#ejected.clear();
  }
}
