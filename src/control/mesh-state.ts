import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type ServiceKey, serviceKey } from '../contract/views.ts';
import {
  affectedConditions,
  affectedServices,
  applyGroup,
  type Change,
  EndpointIndex,
  groupKeyOf,
  limitedNamespaces,
  type RegisteredEndpoint,
  type ResourceId,
  ResourceIndex,
  resourceId,
  type StoredResource,
  touchedNamespace,
  touchesDirectory,
  touchesEgress,
} from '../resources/index.ts';
import { GroupMembers } from './group-members.ts';
import type { SilentEndpoint } from './held-removals.ts';
import { HostWorkloads } from './host-workloads.ts';

/** What a change asks of the publisher and of the status records. */
export interface Touched {
  readonly services: readonly ServiceKey[];
  /** Hosts whose own views may change. */
  readonly hosts: readonly string[];
  /** The directory entries of the services. */
  readonly directory: boolean;
  readonly egress: boolean;
  /** The changed resource; null: an endpoint. */
  readonly resource: ResourceId | null;
  /** Of whom something else may have to be said. */
  readonly conditions: readonly ResourceId[];
}

/** The last ms that RFC 3339 can write. */
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** Everything that views are compiled from, in memory: admitted resources and the endpoints of live hosts. */
export class MeshState {
  readonly resources = new ResourceIndex();
  readonly endpoints = new EndpointIndex();
  readonly hosts = new HostWorkloads();
  readonly #groups = new GroupMembers();
  /** Newest revision that was looked at, of good and of refused records alike. */
  readonly #revisions = new Map<string, number>();
  readonly #onTouched: (touched: Touched) => void;
  /** ms since 1970 of the youngest resource that was ever here. */
  #youngest = 0;
  readonly #run = randomUUID();
  #edits = 0;

  constructor(onTouched: (touched: Touched) => void) {
    this.#onTouched = onTouched;
  }

  revisionOf(id: string): number {
    return this.#revisions.get(id) ?? 0;
  }
  noteRevision(id: string, revision: number): void {
    this.#revisions.set(id, revision);
  }
  /** The store was recreated: revisions of before mean nothing. */
  forgetRevisions(): void {
    this.#revisions.clear();
  }

  /** The same as before: no resource was changed meanwhile. */
  get edition(): string {
    return `${this.#run}.${this.#edits}`;
  }

  /**
   * The `creationTimestamp` (RFC 3339) of what is created now. Older routes and policies win ties, so a clock that was set back must not
   * make a new one older than those that are there: it is then one ms younger than the youngest of them.
   */
  creationTime(nowMs: number): string {
    const time = nowMs > this.#youngest ? nowMs : this.#youngest + 1;
    return new Date(Math.min(time, LATEST_MS)).toISOString();
  }

  putResource(stored: StoredResource, revision: number): void {
    const created = Date.parse(stored.creationTimestamp);
    if (created > this.#youngest) this.#youngest = created;
    this.#edits++;
    this.noteRevision(resourceId(stored.resource), revision);
    this.#touch(this.resources.put(stored), resourceId(stored.resource));
  }

  deleteResource(id: ResourceId): void {
    this.#edits++;
    const change = this.resources.delete(id);
    if (change.before !== null) this.#touch(change, id);
  }

  /** A host registered this workload; whether it lives is another matter. */
  noteWorkload(endpoint: RegisteredEndpoint): void {
    if (this.hosts.put(this.#grouped(endpoint))) this.#touchHosts([endpoint.host]);
  }

  /** The workloads that a host's lease names (`<namespace>.<name>`); null: it does not know yet. */
  noteLease(host: string, workloads: readonly string[] | null): void {
    if (this.hosts.expect(host, workloads)) this.#touchHosts([host]);
  }

  /** A host has been away for so long that nothing is kept of it. */
  forgetHost(host: string): void {
    this.hosts.forget(host);
    this.#touchHosts([host]);
  }

  /** As the agent registered it: what its WorkloadGroup says is added here, and again whenever that changes. */
  putEndpoint(endpoint: RegisteredEndpoint): void {
    this.#groups.put(endpoint);
    const grouped = this.#grouped(endpoint);
    if (!isDeepStrictEqual(this.endpoints.get(endpoint), grouped)) this.#touch(this.endpoints.put(grouped), null);
  }

  deleteEndpoint(host: string, workload: string): void {
    this.#groups.delete(host, workload);
    this.#touch(this.endpoints.delete(host, workload), null);
  }

  deleteHost(host: string): void {
    this.#groups.deleteHost(host);
    for (const change of this.endpoints.deleteHost(host)) this.#touch(change, null);
  }

  /** The endpoints of a host, each with the services that it serves; one that is unhealthy serves none. */
  endpointsOf(host: string): SilentEndpoint[] {
    return this.endpoints.ofHost(host).map((endpoint) => ({
      endpoint,
      services: endpoint.healthy ? this.resources.servicesSelecting(endpoint.namespace, endpoint.labels) : [],
    }));
  }

  /** How many workloads a service has, registered healthy ones and written ones. */
  endpointCount(key: ServiceKey): number {
    const frontend = this.resources.frontend(key)?.resource;
    if (frontend === undefined) return 0;
    const { namespace } = frontend.metadata;
    const selector =
      frontend.kind === 'Service' ? frontend.spec.selector : (frontend.entry.spec.workloadSelector?.labels ?? {});
    const registered = this.endpoints.select(namespace, selector).filter(({ healthy }) => healthy);
    return registered.length + this.resources.workloadsSelected(namespace, selector).length;
  }

  /** Workload entries, as views name them. */
  writtenEndpoints(): { readonly workload: string; readonly address: string }[] {
    return this.resources.list('WorkloadEntry').flatMap(({ resource }) => {
      if (resource.kind !== 'WorkloadEntry') return [];
      return [
        { workload: serviceKey(resource.metadata.namespace, resource.metadata.name), address: resource.spec.address },
      ];
    });
  }

  #regroup(change: Change): void {
    const group = change.type === 'resource' ? (change.after ?? change.before) : null;
    if (group === null) return;
    const { namespace, name } = group.metadata;
    for (const endpoint of this.#groups.members(`${namespace}/${name}`)) {
      this.hosts.put(this.#grouped(endpoint));
      this.#touchHosts([endpoint.host]);
      this.#touch(this.endpoints.put(this.#grouped(endpoint)), null);
    }
  }

  #grouped(endpoint: RegisteredEndpoint): RegisteredEndpoint {
    const key = groupKeyOf(endpoint);
    return key === null ? endpoint : applyGroup(endpoint, this.resources.workloadGroup(key));
  }

  #touchHosts(hosts: readonly string[]): void {
    this.#onTouched({ services: [], hosts, directory: false, egress: false, resource: null, conditions: [] });
  }

  #touch(change: Change, resource: ResourceId | null): void {
    if (resource?.startsWith('WorkloadGroup.')) this.#regroup(change);
    const namespace = touchedNamespace(this.resources, change);
    const limited = limitedNamespaces(this.resources, change).flatMap((one) => this.hosts.hostsIn(one));
    this.#onTouched({
      services: affectedServices(this.resources, change),
      hosts: namespace === undefined ? limited : [...limited, ...this.hosts.hostsIn(namespace)],
      directory: touchesDirectory(change),
      egress: touchesEgress(change),
      resource,
      conditions: affectedConditions(this.resources, change),
    });
  }
}
