import { groupKeyOf, type RegisteredEndpoint } from '../resources/index.ts';

/** Workloads that registered in a WorkloadGroup, as they registered: to be looked at again when their group changes. */
export class GroupMembers {
  /** `<namespace>/<group>` -> `<host> <namespace>/<workload>` -> record. */
  readonly #groups = new Map<string, Map<string, RegisteredEndpoint>>();
  /** The group of each record. */
  readonly #groupOf = new Map<string, string>();

  put(endpoint: RegisteredEndpoint): void {
    const { host, namespace, name } = endpoint;
    this.delete(host, `${namespace}/${name}`);
    const group = groupKeyOf(endpoint);
    if (group === null) return;
    const id = idOf(host, `${namespace}/${name}`);
    const members = this.#groups.get(group) ?? new Map<string, RegisteredEndpoint>();
    members.set(id, endpoint);
    this.#groups.set(group, members);
    this.#groupOf.set(id, group);
  }

  /** `workload` is `<namespace>/<name>`. */
  delete(host: string, workload: string): void {
    this.#remove(idOf(host, workload));
  }

  deleteHost(host: string): void {
    for (const id of [...this.#groupOf.keys()]) if (id.startsWith(`${host} `)) this.#remove(id);
  }

  members(group: string): RegisteredEndpoint[] {
    return [...(this.#groups.get(group)?.values() ?? [])];
  }

  #remove(id: string): void {
    const group = this.#groupOf.get(id);
    if (group === undefined) return;
    this.#groupOf.delete(id);
    const members = this.#groups.get(group);
    members?.delete(id);
    if (members?.size === 0) this.#groups.delete(group);
  }
}

/** Hosts and names contain no spaces. */
function idOf(host: string, workload: string): string {
  return `${host} ${workload}`;
}
