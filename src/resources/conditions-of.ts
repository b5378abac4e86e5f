import { serviceKey } from '../contract/views.ts';
import { assertNever } from '../core/result.ts';
import { parentTitle } from './attach-parent.ts';
import { decidingPolicy, trustedCertificates } from './compile/compile-tls.ts';
import { type Frontend, frontendOf } from './frontend.ts';
import { frontendTargetTitle, policyTargetProblem, policyTargetTitle } from './policy-target.ts';
import type { PolicyTarget } from './policy-types.ts';
import { keyOf, type ResourceIndex } from './resource-index.ts';
import { routeVerdicts } from './route-verdicts.ts';
import {
  type BackendTLSPolicyResource,
  type BackendTrafficPolicyResource,
  type ResourceId,
  resourceTitle,
} from './types.ts';
import { accepted, type Condition, refused, type Verdict } from './verdict.ts';
import { lostClaimSentence, lostClaims } from './virtual-ip-owner.ts';

type TlsTargetRef = BackendTLSPolicyResource['spec']['targetRefs'][number];

/**
 * What is to be said of one resource as things stand: `Accepted` always, `ResolvedRefs` for routes and TLS policies, `PartiallyInvalid`
 * only while it is true. Routes have one set per parentRef, policies one per target. Empty when there is no such resource.
 */
export function conditionsOf(index: ResourceIndex, id: ResourceId): Condition[] {
  const stored = index.get(id);
  if (stored === undefined) return [];
  const { resource, generation: observedGeneration } = stored;
  const complete = (parent: string | null, verdicts: readonly Verdict[]): Condition[] =>
    verdicts.map((verdict) => ({ ...verdict, observedGeneration, parent }));
  switch (resource.kind) {
    case 'Service':
    case 'ServiceEntry':
      return complete(null, [frontendVerdict(index, frontendOf(resource))]);
    case 'WorkloadGroup':
      return complete(null, [accepted('agents may register workloads in the group')]);
    case 'Sidecar':
      return complete(null, [accepted('the programs of the namespace keep to it')]);
    case 'WorkloadEntry':
      return complete(null, [accepted('the workload is registered')]);
    case 'HTTPRoute':
    case 'GRPCRoute':
    case 'TLSRoute':
    case 'TCPRoute':
      return resource.spec.parentRefs.flatMap((ref) =>
        complete(parentTitle(resource, ref), routeVerdicts(index, resource, ref)),
      );
    case 'HTTPRouteFilter':
      return complete(null, [accepted('routes may refer to the filter')]);
    case 'BackendTrafficPolicy':
      return resource.spec.targetRefs.flatMap((ref) =>
        complete(policyTargetTitle(resource, ref), [policyVerdict(index, resource, ref)]),
      );
    case 'BackendTLSPolicy':
      return resource.spec.targetRefs.flatMap((ref) =>
        complete(targetTitle(resource, ref), tlsPolicyVerdicts(index, resource, ref)),
      );
    case 'ConfigMap':
      return complete(null, [accepted('the texts are kept')]);
    default:
      return assertNever(resource);
  }
}

function frontendVerdict(index: ResourceIndex, frontend: Frontend): Verdict {
  const [lost] = lostClaims(index, frontend);
  if (lost === undefined) return accepted('the service can be dialled');
  return refused('Conflicted', lostClaimSentence(lost));
}

function policyVerdict(index: ResourceIndex, policy: BackendTrafficPolicyResource, ref: PolicyTarget): Verdict {
  const problem = policyTargetProblem(index, policy, ref);
  return problem === null ? accepted('the policy is in force') : refused(problem.reason, problem.message);
}

function targetTitle({ metadata }: BackendTLSPolicyResource, ref: TlsTargetRef): string {
  return frontendTargetTitle(ref, serviceKey(metadata.namespace, ref.name));
}

/** Why a target of a TLS policy does not get it; null = it does, on one port at least. */
export function tlsTargetProblem(
  index: ResourceIndex,
  policy: BackendTLSPolicyResource,
  { kind, name, sectionName }: TlsTargetRef,
): { readonly reason: 'TargetNotFound' | 'Conflicted'; readonly message: string } | null {
  const key = serviceKey(policy.metadata.namespace, name);
  const service = index.frontend(key)?.resource;
  if (service?.kind !== kind) return { reason: 'TargetNotFound', message: `the ${kind} ${key} does not exist` };
  const ports = service.spec.ports.filter((port) => sectionName === undefined || port.name === sectionName);
  if (ports.length === 0) {
    return { reason: 'TargetNotFound', message: `the ${kind} ${key} has no port named ${sectionName}` };
  }
  const winners = ports.flatMap((port) => decidingPolicy(index, service, port)?.resource ?? []);
  const [other] = winners;
  if (other === undefined || winners.some((winner) => keyOf(winner) === keyOf(policy))) return null;
  return { reason: 'Conflicted', message: `${resourceTitle(other)}, older or for the port by name, applies to ${key}` };
}

function tlsPolicyVerdicts(index: ResourceIndex, policy: BackendTLSPolicyResource, ref: TlsTargetRef): Verdict[] {
  const problem = tlsTargetProblem(index, policy, ref);
  const authority = trustedCertificates(index, policy);
  const resolved: Verdict = authority.ok
    ? { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: 'every reference resolves' }
    : { type: 'ResolvedRefs', status: 'False', reason: authority.error.reason, message: authority.error.message };
  if (problem !== null) return [refused(problem.reason, problem.message), resolved];
  if (authority.ok) return [accepted('the policy is in force'), resolved];
  const message = `${authority.error.message}; until then requests are answered 503`;
  return [refused('NoValidCACertificate', message), resolved];
}
