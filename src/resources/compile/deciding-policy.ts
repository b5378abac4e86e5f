import type { Frontend } from '../frontend.ts';
import { olderFirst } from '../older-first.ts';
import { keyOf, type ResourceIndex, type Stored } from '../resource-index.ts';
import type { BackendTrafficPolicyResource, RequestRouteResource, ServicePort } from '../types.ts';

type Policy = Stored<BackendTrafficPolicyResource>;

/** The policy that decides for a port, as a whole: one that names the port beats one for the whole Service, then the oldest. */
export function policyForPort(index: ResourceIndex, service: Frontend, port: ServicePort): Policy | undefined {
  const section = port.name === '' ? undefined : port.name;
  return decide(index.policiesTargeting(keyOf(service)), service.kind, service.metadata.name, section);
}

/** The policy that decides for a rule: one that names the rule beats one for the whole route, then the oldest. */
export function policyForRouteRule(
  index: ResourceIndex,
  route: RequestRouteResource,
  rule: { readonly name?: string | undefined },
): Policy | undefined {
  const policies = index.policiesTargetingRoute(route.kind, keyOf(route));
  return decide(policies, route.kind, route.metadata.name, rule.name);
}

function decide(policies: Policy[], kind: string, name: string, section: string | undefined): Policy | undefined {
  if (policies.length === 0) return undefined;
  const sorted = policies.sort(olderFirst);
  const names = (sectionName: string | undefined): Policy | undefined =>
    sorted.find(({ resource }) =>
      resource.spec.targetRefs.some((ref) => ref.kind === kind && ref.name === name && ref.sectionName === sectionName),
    );
  return (section === undefined ? undefined : names(section)) ?? names(undefined);
}
