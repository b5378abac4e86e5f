import { parseSpiffeId } from '../contract/spiffe-id.ts';
import type { Change, RegisteredEndpoint } from './change.ts';
import { getOrCreate } from './get-or-create.ts';
import { LabelIndex } from './label-index.ts';
import type { Labels } from './selector-index.ts';

/** Registered workloads in memory, found by label. */
export class EndpointIndex {
  readonly #hosts = new Map<string, Map<string, RegisteredEndpoint>>();
  readonly #labels = new LabelIndex();
  readonly #byId = new Map<string, RegisteredEndpoint>();
  /** Address -> id -> trust domain of the identity held there. */
  readonly #secured = new Map<string, Map<string, string>>();

  /** Adds, or replaces the registration of the same host, namespace and name. */
  put(endpoint: RegisteredEndpoint): Change {
    const before = this.#remove(endpoint.host, workloadKey(endpoint.namespace, endpoint.name));
    const id = endpointId(endpoint);
    getOrCreate(this.#hosts, endpoint.host, () => new Map()).set(
      workloadKey(endpoint.namespace, endpoint.name),
      endpoint,
    );
    this.#byId.set(id, endpoint);
    this.#labels.add(endpoint.namespace, endpoint.labels, id);
    const held = parseSpiffeId(endpoint.identity ?? '');
    if (held !== null) getOrCreate(this.#secured, endpoint.address, () => new Map()).set(id, held.trustDomain);
    return { type: 'endpoint', before, after: endpoint };
  }

  /** `workload` is `<namespace>/<name>`. */
  delete(host: string, workload: string): Change {
    return { type: 'endpoint', before: this.#remove(host, workload), after: null };
  }

  /** Everything of a host whose lease ended; one change per workload. */
  deleteHost(host: string): Change[] {
    return [...(this.#hosts.get(host)?.keys() ?? [])].map((workload) => this.delete(host, workload));
  }

  /** What is registered under the same host, namespace and name. */
  get({ host, namespace, name }: RegisteredEndpoint): RegisteredEndpoint | undefined {
    return this.#hosts.get(host)?.get(workloadKey(namespace, name));
  }

  ofHost(host: string): RegisteredEndpoint[] {
    return [...(this.#hosts.get(host)?.values() ?? [])];
  }

  list(): RegisteredEndpoint[] {
    return [...this.#byId.values()];
  }

  /** The registered workloads of a namespace that a selector picks, unhealthy ones included. */
  select(namespace: string, selector: Labels): RegisteredEndpoint[] {
    return this.#labels.select(namespace, selector).flatMap((id) => this.#byId.get(id) ?? []);
  }

  /** Of an identity that a host with a workload at this address holds; null: none does. */
  trustDomainAt(address: string): string | null {
    const [first] = this.#secured.get(address)?.values() ?? [];
    return first ?? null;
  }

  #remove(host: string, workload: string): RegisteredEndpoint | null {
    const workloads = this.#hosts.get(host);
    const endpoint = workloads?.get(workload);
    if (endpoint === undefined) return null;
    workloads?.delete(workload);
    if (workloads?.size === 0) this.#hosts.delete(host);
    this.#byId.delete(endpointId(endpoint));
    this.#labels.remove(endpoint.namespace, endpoint.labels, endpointId(endpoint));
    const secured = this.#secured.get(endpoint.address);
    secured?.delete(endpointId(endpoint));
    if (secured?.size === 0) this.#secured.delete(endpoint.address);
    return endpoint;
  }
}

function workloadKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function endpointId(endpoint: RegisteredEndpoint): string {
  return JSON.stringify([endpoint.host, endpoint.namespace, endpoint.name]);
}
