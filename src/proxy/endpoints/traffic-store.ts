/** The traffic of all clusters of this thread by key: several services may name the same cluster, and views come and go. */
import type { ClusterKey } from '../../contract/view-words.ts';
import type { ClusterView } from '../../contract/views.ts';
import { ClusterTraffic } from './cluster-traffic.ts';

export class TrafficStore {
  readonly #traffic = new Map<ClusterKey, ClusterTraffic>();

  /** The traffic of a cluster, with that view in force. */
  get(key: ClusterKey, view: ClusterView): ClusterTraffic {
    let traffic = this.#traffic.get(key);
    if (traffic === undefined) {
      traffic = new ClusterTraffic(key);
      this.#traffic.set(key, traffic);
    }
    traffic.configure(view);
    return traffic;
  }

  /** Forgets clusters that no service's view has any more. */
  prune(services: Iterable<{ readonly clusters: readonly { readonly key: ClusterKey }[] }>): void {
    const inUse = new Set<ClusterKey>();
    for (const { clusters } of services) for (const { key } of clusters) inUse.add(key);
    for (const key of this.#traffic.keys()) if (!inUse.has(key)) this.#traffic.delete(key);
  }

  all(): Iterable<ClusterTraffic> {
    return this.#traffic.values();
  }

  get size(): number {
    return this.#traffic.size;
  }
}
