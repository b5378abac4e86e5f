import { isDeepStrictEqual } from 'node:util';
import type { RegisteredEndpoint } from '../resources/index.ts';

interface HostEntry {
  /** `<namespace>.<workload>` that the host says it has; null: it has not said yet. */
  named: readonly string[] | null;
  /** Registrations by `<namespace>.<workload>`, whether the host lives or not. */
  readonly workloads: Map<string, RegisteredEndpoint>;
}

/**
 * Which workloads each host has, for the policies of what arrives there. Nothing is known of a host until all workloads that its
 * lease names are registered: a policy must never be taken away because a registration is on its way, or a lease ran out.
 */
export class HostWorkloads {
  readonly #hosts = new Map<string, HostEntry>();
  /** Gone for good: their views are taken away. */
  readonly #forgotten = new Set<string>();

  /** @returns whether it is something new: an agent that reconnects registers all it has again */
  put(workload: RegisteredEndpoint): boolean {
    const { workloads } = this.#entry(workload.host);
    const before = workloads.get(nameOf(workload));
    workloads.set(nameOf(workload), workload);
    return this.#forgotten.delete(workload.host) || !isDeepStrictEqual(before, workload);
  }

  /** What the host's lease names; others are dropped. @returns whether it is something new */
  expect(host: string, named: readonly string[] | null): boolean {
    if (named === null) return false;
    const entry = this.#entry(host);
    if (entry.named?.length === named.length && named.every((name, i) => entry.named?.[i] === name)) return false;
    this.#forgotten.delete(host);
    entry.named = named;
    const wanted = new Set(named);
    for (const name of entry.workloads.keys()) if (!wanted.has(name)) entry.workloads.delete(name);
    return true;
  }

  forget(host: string): void {
    this.#hosts.delete(host);
    this.#forgotten.add(host);
  }

  isForgotten(host: string): boolean {
    return this.#forgotten.has(host);
  }

  /** All workloads of a host; null: not all of them are known. */
  of(host: string): RegisteredEndpoint[] | null {
    const entry = this.#hosts.get(host);
    if (entry === undefined || entry.named === null) return null;
    const found = entry.named.flatMap((name) => entry.workloads.get(name) ?? []);
    return found.length === entry.named.length ? found : null;
  }

  /** Hosts with a workload in the namespace; null: every host. */
  hostsIn(namespace: string | null): string[] {
    if (namespace === null) return [...this.#hosts.keys()];
    return [...this.#hosts].flatMap(([host, { workloads }]) =>
      [...workloads.values()].some((one) => one.namespace === namespace) ? [host] : [],
    );
  }

  #entry(host: string): HostEntry {
    const entry = this.#hosts.get(host) ?? { named: null, workloads: new Map() };
    this.#hosts.set(host, entry);
    return entry;
  }
}

function nameOf({ namespace, name }: RegisteredEndpoint): string {
  return `${namespace}.${name}`;
}
