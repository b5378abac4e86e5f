/** Which service an endpoint's address belongs to, for programs that name one of its endpoints instead of the service. */
import type { SockAddr } from '../../reactor/socket-address.ts';
import { Cluster, type WeightedEndpoint } from './cluster.ts';

export class EndpointOwners {
  /** null: the views have changed since it was built. */
  #owners: Map<number | string, Cluster | WeightedOwner> | null = null;

  /** A view came or went. */
  forget(): void {
    this.#owners = null;
  }

  /** The endpoint at `address` as a cluster of its own; of several services that have it, the first by name counts. */
  find(address: SockAddr, clusters: () => readonly Cluster[]): Cluster | null {
    this.#owners ??= index(clusters());
    const { key } = address;
    const owner = this.#owners.get(key);
    if (owner === undefined) return null;
    if (owner instanceof Cluster) return owner;
    const { cluster, endpoint } = owner;
    const alone = new Cluster(cluster.key, cluster.settings, [endpoint]);
    alone.traffic = cluster.traffic;
    this.#owners.set(key, alone);
    return alone;
  }
}

interface WeightedOwner {
  readonly cluster: Cluster;
  readonly endpoint: WeightedEndpoint;
}

function index(clusters: readonly Cluster[]): Map<number | string, WeightedOwner> {
  const owners = new Map<number | string, WeightedOwner>();
  for (const cluster of clusters) {
    for (const endpoint of cluster.endpoints) {
      const { key } = endpoint.endpoint.address;
      const known = owners.get(key);
      if (known === undefined || cluster.key < known.cluster.key) owners.set(key, { cluster, endpoint });
    }
  }
  return owners;
}
