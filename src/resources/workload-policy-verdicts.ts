import { serviceKey } from '../contract/views.ts';
import { frontendTargetTitle } from './policy-target.ts';
import type { ResourceIndex } from './resource-index.ts';
import type { WorkloadPolicyResource } from './types.ts';
import { accepted, refused, type Verdict } from './verdict.ts';

/** Whether each target of a policy for workloads is there; without targets there is nothing that could be missing. */
export function workloadPolicyVerdicts(
  index: ResourceIndex,
  { metadata, spec }: WorkloadPolicyResource,
): { readonly target: string | null; readonly verdict: Verdict }[] {
  if (spec.targetRefs === undefined) return [{ target: null, verdict: accepted('the policy is in force') }];
  return spec.targetRefs.map((ref) => {
    const key = serviceKey(metadata.namespace, ref.name);
    const exists = index.frontend(key)?.resource.kind === ref.kind;
    const verdict = exists
      ? accepted('the policy is in force')
      : refused('TargetNotFound', `the ${ref.kind} ${key} does not exist`);
    return { target: frontendTargetTitle(ref, key), verdict };
  });
}
