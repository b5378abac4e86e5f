/** Endpoints by name (ServiceEntry with resolution DNS), with the addresses that main has resolved. */
import type { ClusterView, EndpointView } from '../../contract/cluster-views.ts';

export class NamedEndpoints {
  readonly #addresses = new Map<string, readonly string[]>();

  /** Takes what was resolved; a host that is not among it keeps its addresses. */
  set(addresses: Readonly<Record<string, readonly string[]>>): void {
    for (const [host, list] of Object.entries(addresses)) {
      if (list.length === 0) this.#addresses.delete(host);
      else this.#addresses.set(host, list);
    }
  }

  /** The endpoints of a cluster: those of its view, and one for each address of its names. */
  of({ endpoints, names }: ClusterView): readonly EndpointView[] {
    if (names === undefined) return endpoints;
    const named = names.flatMap(({ host, port, weight, locality }) =>
      (this.#addresses.get(host) ?? []).map((ip): EndpointView => ({ ip, port, weight, workload: host, locality })),
    );
    return [...endpoints, ...named];
  }
}
