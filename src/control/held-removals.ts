import type { HeldService } from '../contract/held-messages.ts';
import type { ServiceKey } from '../contract/views.ts';
import type { RegisteredEndpoint } from '../resources/index.ts';

/** An endpoint whose host fell silent, and the services that it serves. */
export interface SilentEndpoint {
  readonly endpoint: RegisteredEndpoint;
  readonly services: readonly ServiceKey[];
}

/** Silences within this time of each other are one event. */
const WINDOW_MS = 60_000;

interface Silent extends SilentEndpoint {
  readonly at: number;
}

/**
 * Decides which endpoints of silent hosts are taken out. When, within a minute, two hosts or more fall silent that have more than
 * half of a service's endpoints, a fault of the control plane is likelier than their death: what is left of these endpoints stays in force,
 * until the hosts are heard again, others take their place, or an operator confirms. A host that says good-bye, a workload that
 * is withdrawn and the death of a single host are never held. Pure: `now` is any monotonic clock in ms.
 */
export class HeldRemovals {
  readonly #held = new Map<string, Silent>();
  /** Taken out because their host fell silent, lately. */
  readonly #lost = new Map<string, Silent>();
  /** Removals that were held, ever. */
  total = 0;

  /**
   * The endpoints that are to be taken out now, of those that fell silent and of those held before. `sizeOf` is the number
   * of endpoints in force of a service, silent ones included.
   */
  decide(
    silent: readonly SilentEndpoint[],
    sizeOf: (service: ServiceKey) => number,
    now: number,
  ): RegisteredEndpoint[] {
    this.#forgetOld(now);
    const before = new Set(this.#held.keys());
    for (const one of silent) this.#held.set(idOf(one.endpoint), { ...one, at: now });
    const mass = this.#massServices(sizeOf);
    const removed: RegisteredEndpoint[] = [];
    for (const [id, one] of this.#held) {
      if (one.services.some((service) => mass.has(service))) {
        if (!before.has(id)) this.total++;
        continue;
      }
      this.#held.delete(id);
      this.#lost.set(id, one);
      removed.push(one.endpoint);
    }
    return removed;
  }

  /** The host is heard again, or left in good order: nothing of it is held or lost. */
  forgetHost(host: string): void {
    for (const silent of [this.#held, this.#lost]) {
      for (const [id, { endpoint }] of silent) if (endpoint.host === host) silent.delete(id);
    }
  }

  /** The workload was withdrawn; `workload` is `<namespace>/<name>`. */
  forget(host: string, workload: string): void {
    this.#held.delete(`${host} ${workload}`);
    this.#lost.delete(`${host} ${workload}`);
  }

  /** An operator says that the silent endpoints of a service are gone for good. @returns those that are to be taken out. */
  confirm(service: ServiceKey): RegisteredEndpoint[] {
    const confirmed = [...this.#held].filter(([, { services }]) => services.includes(service));
    for (const [id] of confirmed) this.#held.delete(id);
    for (const [id, { services }] of this.#lost) if (services.includes(service)) this.#lost.delete(id);
    return confirmed.map(([, { endpoint }]) => endpoint);
  }

  holds(host: string): boolean {
    return [...this.#held.values()].some(({ endpoint }) => endpoint.host === host);
  }

  get size(): number {
    return this.#held.size;
  }

  list(now: number): HeldService[] {
    return [...groupByService(this.#held.values())]
      .map(([service, silent]) => ({
        service,
        endpoints: silent.length,
        hosts: [...new Set(silent.map(({ endpoint }) => endpoint.host))].sort(),
        heldSeconds: Math.round((now - Math.min(...silent.map(({ at }) => at))) / 1_000),
      }))
      .sort((a, b) => (a.service < b.service ? -1 : 1));
  }

  #massServices(sizeOf: (service: ServiceKey) => number): Set<ServiceKey> {
    const lost = groupByService(this.#lost.values());
    const mass = new Set<ServiceKey>();
    for (const [service, held] of groupByService(this.#held.values())) {
      const gone = lost.get(service) ?? [];
      const silent = [...held, ...gone];
      const hosts = new Set(silent.map(({ endpoint }) => endpoint.host));
      if (hosts.size >= 2 && silent.length * 2 > sizeOf(service) + gone.length) mass.add(service);
    }
    return mass;
  }

  #forgetOld(now: number): void {
    const held = groupByService(this.#held.values());
    for (const [id, { at, services }] of this.#lost) {
      if (now - at > WINDOW_MS && !services.some((service) => held.has(service))) this.#lost.delete(id);
    }
  }
}

function idOf({ host, namespace, name }: RegisteredEndpoint): string {
  return `${host} ${namespace}/${name}`;
}

function groupByService(silent: Iterable<Silent>): Map<ServiceKey, Silent[]> {
  const groups = new Map<ServiceKey, Silent[]>();
  for (const one of silent) {
    for (const service of one.services) groups.set(service, [...(groups.get(service) ?? []), one]);
  }
  return groups;
}
