/** Policies for what arrives at the programs of this host, as the newest view of the host has them. */
import type { HostView, WorkloadPolicyView } from '../contract/host-view.ts';
import { isNewer, serviceKey, type ViewVersion } from '../contract/views.ts';

export class HostPolicies {
  #version: ViewVersion | null = null;
  #workloads: ReadonlyMap<string, WorkloadPolicyView> = new Map();

  /** Puts a view in force for the next connection and request; one that is older is ignored. @returns whether it was taken */
  set(view: HostView): boolean {
    if (this.#version !== null && isNewer(this.#version, view.version)) return false;
    this.#version = view.version;
    this.#workloads = new Map(view.workloads.map((one) => [serviceKey(one.namespace, one.name), one]));
    return true;
  }

  /** @param workload `<namespace>/<name>` as in the agent's file; null: nothing is said of it */
  of(workload: string): WorkloadPolicyView | null {
    return this.#workloads.get(workload) ?? null;
  }
}
