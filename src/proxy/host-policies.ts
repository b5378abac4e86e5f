/** Policies for what arrives at the programs of this host, as the newest view of the host has them. */
import type { AccessView, HostView, WorkloadPolicyView } from '../contract/host-view.ts';
import { isNewer, serviceKey, type ViewVersion } from '../contract/views.ts';
import { type CompiledAuthorization, compileAuthorization } from './policy/authorization/authorize.ts';

export class HostPolicies {
  #version: ViewVersion | null = null;
  #workloads: ReadonlyMap<string, WorkloadPolicyView> = new Map();
  #access: ReadonlyMap<string, readonly CompiledAuthorization[]> = new Map();
  #others: readonly CompiledAuthorization[] = [];
  /** Some policy says who may do what: asked before anything else, for most hosts have none. */
  hasAccess = false;

  /** Puts a view in force for the next connection and request; one that is older is ignored. @returns whether it was taken */
  set(view: HostView): boolean {
    if (this.#version !== null && isNewer(this.#version, view.version)) return false;
    this.#version = view.version;
    this.#workloads = new Map(view.workloads.map((one) => [serviceKey(one.namespace, one.name), one]));
    const compile = ({ authorization = [] }: AccessView): CompiledAuthorization =>
      compileAuthorization(view.authorizationPolicies ?? [], authorization);
    this.#access = new Map([...this.#workloads].map(([key, one]) => [key, [compile(one)]]));
    this.#others = (view.others ?? []).map(compile);
    this.hasAccess = (view.authorizationPolicies ?? []).length > 0;
    return true;
  }

  /** @param workload `<namespace>/<name>` as in the agent's file; null: nothing is said of it */
  of(workload: string): WorkloadPolicyView | null {
    return this.#workloads.get(workload) ?? null;
  }

  /** Who may do what at a workload: all of these must agree. @param workload '' = a port that none claims */
  accessTo(workload: string): readonly CompiledAuthorization[] {
    return workload === '' ? this.#others : (this.#access.get(workload) ?? NOTHING);
  }
}

const NOTHING: readonly CompiledAuthorization[] = [];
