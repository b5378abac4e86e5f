/**
 * What this thread knows of the mesh: which addresses are services, and how to reach them. Messages from main replace whole
 * services; every request and connection looks things up anew, so a change never touches an established connection.
 */

import { ServiceNames } from '../contract/service-names.ts';
import type {
  ClusterKey,
  DirectoryEntry,
  DirectoryView,
  InboundWorkloadView,
  ServiceKey,
  ServiceView,
} from '../contract/views.ts';
import { endpointHosts, isNewer, serviceKey } from '../contract/views.ts';
import { parseSockAddr, type SockAddr } from '../reactor/socket-address.ts';
import { Cluster } from './endpoints/cluster.ts';
import { EndpointOwners } from './endpoints/endpoint-owners.ts';
import type { EndpointStore } from './endpoints/endpoint-store.ts';
import type { HealthRegistry } from './endpoints/health-registry.ts';
import { isVirtual } from './endpoints/keep-destination.ts';
import { NamedEndpoints } from './endpoints/named-endpoints.ts';
import { TrafficStore } from './endpoints/traffic-store.ts';
import { Frontends } from './frontends.ts';
import { type InboundPort, type InboundPorts, inboundPorts } from './inbound-ports.ts';
import { loadPort, type ServicePort } from './service-port.ts';
import type { HopTls } from './upstream/hop-tls.ts';

export type Target =
  | { readonly type: 'service'; readonly port: ServicePort }
  /** A virtual IP of a service whose view has not arrived yet. */
  | { readonly type: 'unknown-service'; readonly key: ServiceKey }
  /** A virtual IP of ours, on a port that the service does not have. */
  | { readonly type: 'no-such-port'; readonly service: ServiceKey }
  /** A virtual IP that no service has: nothing but an agent could ever answer there. */
  | { readonly type: 'no-such-service' }
  /** Not ours to decide: the original destination. */
  | { readonly type: 'original' }
  /** The same, for programs that may reach services only: the host that is asked for must be one of a ServiceEntry. */
  | { readonly type: 'restricted' };

interface LoadedService {
  readonly view: ServiceView;
  readonly ports: ReadonlyMap<number, ServicePort>;
  readonly clusters: readonly Cluster[];
}

const ORIGINAL: Target = { type: 'original' };
const RESTRICTED: Target = { type: 'restricted' };
/** Of programs on a host without workloads. */
const DEFAULT_NAMESPACE = 'default';
const NO_SUCH_SERVICE: Target = { type: 'no-such-service' };

export class RoutingTable {
  readonly names = new ServiceNames();
  /** Namespace of this host's programs: that of the first one in the agent's file. '' = there is none. */
  home = '';
  readonly #owners = new EndpointOwners();
  readonly #endpoints: EndpointStore;
  readonly traffic = new TrafficStore();
  readonly #home: string;
  readonly healths: HealthRegistry;
  /** undefined: this host takes no part in mutual TLS. */
  #own: string | null | undefined;
  #frontends = new Frontends([]);
  #egress: DirectoryView['egress'];
  /** Programs of this host may reach services only. */
  #restricted = false;
  readonly #named = new NamedEndpoints();
  readonly #services = new Map<ServiceKey, LoadedService>();
  #inbound: InboundPorts = new Map();

  /** @param home this host's locality (`region/zone/subzone`), '' = unknown */
  constructor(endpoints: EndpointStore, healths: HealthRegistry, home: string) {
    this.#endpoints = endpoints;
    this.healths = healths;
    this.#home = home;
  }

  /** What a dialled address means. */
  find(destination: SockAddr): Target {
    const key = this.serviceAt(destination);
    if (key !== null) return this.findPort(key, destination.port);
    if (isVirtual(destination)) return NO_SUCH_SERVICE;
    return this.#restricted ? RESTRICTED : ORIGINAL;
  }

  /** The service that has this virtual IP, whatever the port, or this address of its own on this port; null when none has. */
  serviceAt(destination: SockAddr): ServiceKey | null {
    return this.#frontends.find(destination);
  }

  /** The ServiceEntry that has this host on this port, for a destination that is no service; null when none has. */
  findOutside(host: string, port: number): { readonly key: ServiceKey; readonly entry: DirectoryEntry } | null {
    const entry = this.names.findOutside(host);
    if (entry === null || !entry.ports.includes(port)) return null;
    return { key: serviceKey(entry.namespace, entry.name), entry };
  }

  /** What a port of a service means. */
  findPort(key: ServiceKey, number: number): Extract<Target, { type: 'service' | 'unknown-service' | 'no-such-port' }> {
    const service = this.#services.get(key);
    if (service === undefined) return { type: 'unknown-service', key };
    const port = service.ports.get(number);
    return port === undefined ? { type: 'no-such-port', service: key } : { type: 'service', port };
  }

  /** A service's view; null when it is not here (yet). */
  view(key: ServiceKey): ServiceView | null {
    return this.#services.get(key)?.view ?? null;
  }

  /** That endpoint alone, as a cluster of the service that it belongs to; null when no view that is here has it. */
  findEndpoint(address: SockAddr): Cluster | null {
    return this.#owners.find(address, () => [...this.#services.values()].flatMap(({ clusters }) => clusters));
  }

  /** The local program that listens on `port`, from the agent's file. */
  findInbound(port: number): InboundPort | null {
    return this.#inbound.get(port) ?? null;
  }

  setDirectory(services: readonly DirectoryEntry[], egress?: DirectoryView['egress']): void {
    this.#frontends = new Frontends(services);
    this.#egress = egress;
    this.#restrict();
    this.names.setDirectory(services);
  }

  /** What main has resolved of the names in clusters counts from the next request on. */
  setEndpointNames(addresses: Readonly<Record<string, readonly string[]>>): void {
    this.#named.set(addresses);
    this.#reload((view) => endpointHosts(view).some((host) => Object.hasOwn(addresses, host)));
  }

  /**
   * As whom this host speaks mutual TLS to endpoints that can, from the next request on; null: it should, but holds no identity. Pooled
   * connections of before are not used again: said anew when the certificate has ended, this ends what began with it.
   */
  setOwnIdentity(own: string | null): void {
    this.#own = own;
    this.#endpoints.forgetMeshHops();
    this.#reload(() => true);
  }

  #reload(isConcerned: (view: ServiceView) => boolean): void {
    for (const [key, old] of this.#services) {
      if (!isConcerned(old.view)) continue;
      this.#services.set(key, this.#load(key, old.view, old));
      this.#owners.forget();
      this.#leave(old);
    }
  }

  #restrict(): void {
    this.#restricted = this.#egress?.[this.home === '' ? DEFAULT_NAMESPACE : this.home]?.mode === 'REGISTRY_ONLY';
  }

  setInbound(workloads: readonly InboundWorkloadView[]): void {
    this.#inbound = inboundPorts(workloads);
    this.home = workloads[0]?.namespace ?? '';
    this.#restrict();
    this.names.setHome(workloads.map(({ namespace }) => namespace));
  }

  /** Puts a service in force for the next request. An older view than the one held is ignored. Returns whether it was taken. */
  setService(view: ServiceView): boolean {
    const key = serviceKey(view.namespace, view.name);
    const old = this.#services.get(key);
    if (old !== undefined && isNewer(old.view.version, view.version)) return false;
    const loaded = this.#load(key, view, old);
    this.#services.set(key, loaded);
    this.#owners.forget();
    if (old === undefined) return true;
    this.#leave(old);
    if (old.clusters.some((c) => !Object.hasOwn(view.clusters, c.key))) this.traffic.prune(this.#services.values());
    return true;
  }

  removeService(key: ServiceKey): void {
    const old = this.#services.get(key);
    if (old !== undefined) this.#leave(old);
    this.#services.delete(key);
    this.traffic.prune(this.#services.values());
    this.#owners.forget();
  }

  services(): readonly { readonly key: ServiceKey; readonly epoch: number; readonly gen: number }[] {
    return [...this.#services].map(([key, { view }]) => ({ key, epoch: view.version.epoch, gen: view.version.gen }));
  }

  #load(key: ServiceKey, view: ServiceView, old: LoadedService | undefined): LoadedService {
    const clusters = new Map<ClusterKey, Cluster>();
    for (const clusterKey of Object.keys(view.clusters)) {
      const previous = old?.clusters.find((c) => c.key === clusterKey) ?? null;
      clusters.set(clusterKey, this.#loadCluster(view, clusterKey, previous));
    }
    const ports = new Map<number, ServicePort>();
    for (const port of view.ports) ports.set(port.port, loadPort(key, port, clusters));
    const loaded = { view, ports, clusters: [...clusters.values()] };
    countReferences(loaded, 1);
    for (const cluster of loaded.clusters) this.healths.enter(cluster);
    return loaded;
  }

  #leave(service: LoadedService): void {
    countReferences(service, -1);
    for (const cluster of service.clusters) this.healths.leave(cluster);
  }

  #meshHop(identity: string | undefined, key: ClusterKey): HopTls | null {
    if (identity === undefined || this.#own === undefined) return null;
    return this.#endpoints.meshHop(identity, this.#own, hostOf(key));
  }

  #loadCluster(view: ServiceView, key: ClusterKey, previous: Cluster | null): Cluster {
    const cluster = view.clusters[key];
    const tls = this.#endpoints.securedBy(cluster.tls);
    const endpoints = this.#named.of(cluster).flatMap((e) => {
      const address = parseSockAddr(e.ip, e.port);
      if (address === null) return [];
      const hop = tls ?? this.#meshHop(e.identity, key);
      return [{ endpoint: this.#endpoints.get(address, hop), weight: e.weight, locality: e.locality }];
    });
    const health = this.healths.get(key, cluster);
    const loaded = new Cluster(key, cluster, endpoints, { health, home: this.#home, previous });
    loaded.traffic = this.traffic.get(key, cluster);
    return loaded;
  }
}

/** `<name>.<namespace>`: what programs call a service. */
function hostOf(key: ClusterKey): string {
  const [namespace = '', name = ''] = key.split(/[/:]/);
  return `${name}.${namespace}`;
}

function countReferences(service: LoadedService, change: number): void {
  for (const cluster of service.clusters) for (const { endpoint } of cluster.endpoints) endpoint.references += change;
}
