/** Which AuthorizationPolicies and RequestAuthentications hold for a workload, and on which of its ports. Pure. */
import { serviceKey } from '../../contract/views.ts';
import type { RegisteredEndpoint } from '../change.ts';
import type { Frontend } from '../frontend.ts';
import { selects } from '../label-index.ts';
import { keyOf, type ResourceIndex, type Stored } from '../resource-index.ts';
import { ROOT_NAMESPACE } from '../root-namespace.ts';
import type { Labels } from '../selector-index.ts';
import type { WorkloadPolicyResource } from '../types.ts';
import { portOf } from './select-workloads.ts';

export type PolicedWorkload = Pick<RegisteredEndpoint, 'namespace' | 'labels' | 'ports'>;

export interface Applicable<R extends WorkloadPolicyResource> {
  readonly policy: R;
  /** null: on all ports. */
  readonly ports: readonly number[] | null;
}

/** Of the mesh first, then of the namespace, each by name: the order in which they are told, for they are all asked. */
export function inOrder<R extends WorkloadPolicyResource>(
  list: (namespace: string) => readonly Stored<R>[],
  namespace: string,
): R[] {
  const namespaces = namespace === ROOT_NAMESPACE ? [ROOT_NAMESPACE] : [ROOT_NAMESPACE, namespace];
  return namespaces.flatMap((one) =>
    list(one)
      .map(({ resource }) => resource)
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)),
  );
}

export function applicable<R extends WorkloadPolicyResource>(
  index: ResourceIndex,
  policies: readonly R[],
  workload: PolicedWorkload,
): Applicable<R>[] {
  return policies.flatMap((policy): Applicable<R>[] => {
    const { selector, targetRefs } = policy.spec;
    if (targetRefs === undefined) {
      return selects(selector?.matchLabels ?? {}, workload.labels) ? [{ policy, ports: null }] : [];
    }
    const ports = targetedPorts(index, policy, workload);
    return ports.length === 0 ? [] : [{ policy, ports }];
  });
}

/** Policies of those namespaces for every workload: what holds for ports that no workload claims. */
export function unscoped<R extends WorkloadPolicyResource>(policies: readonly R[]): R[] {
  return policies.filter(
    ({ spec }) => spec.targetRefs === undefined && Object.keys(spec.selector?.matchLabels ?? {}).length === 0,
  );
}

/** The ports of a workload to which the Services that a policy targets lead; none: it is not behind them. */
function targetedPorts(index: ResourceIndex, policy: WorkloadPolicyResource, workload: PolicedWorkload): number[] {
  if (policy.metadata.namespace !== workload.namespace) return [];
  const found = new Set<number>();
  for (const { kind, name } of policy.spec.targetRefs ?? []) {
    const frontend = index.frontend(serviceKey(workload.namespace, name))?.resource;
    if (frontend?.kind !== kind || !isBehind(frontend, workload.labels)) continue;
    for (const port of frontend.spec.ports) {
      const number = portOf(workload, port);
      if (number !== null) found.add(number);
    }
  }
  return [...found].sort((a, b) => a - b);
}

function isBehind(frontend: Frontend, labels: Labels): boolean {
  const selector =
    frontend.kind === 'Service' ? frontend.spec.selector : (frontend.entry.spec.workloadSelector?.labels ?? {});
  return Object.keys(selector).length > 0 && selects(selector, labels);
}

/** Each policy once, with the place that it gets. */
export class PolicyTable<R extends WorkloadPolicyResource> {
  readonly policies: R[] = [];
  readonly #places = new Map<string, number>();

  placeOf(policy: R): number {
    const key = keyOf(policy);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.policies.length);
    return this.policies.push(policy) - 1;
  }
}
