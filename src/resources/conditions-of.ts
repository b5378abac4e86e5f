import { serviceKey } from '../contract/views.ts';
import { assertNever } from '../core/result.ts';
import { parentTitle } from './attach-parent.ts';
import { decidingPolicy, trustedCertificates } from './compile/compile-tls.ts';
import { rivalOf } from './compile/peer-authentication.ts';
import { type Frontend, frontendOf } from './frontend.ts';
import { frontendTargetTitle, policyTargetProblem, policyTargetTitle } from './policy-target.ts';
import type { PolicyTarget } from './policy-types.ts';
import { keyOf, type ResourceIndex } from './resource-index.ts';
import { routeVerdicts } from './route-verdicts.ts';
import {
  type BackendTLSPolicyResource,
  type BackendTrafficPolicyResource,
  type PeerAuthenticationResource,
  type ResourceId,
  resourceTitle,
} from './types.ts';
import { accepted, type Condition, refused, type Verdict } from './verdict.ts';
import { lostClaimSentence, lostClaims } from './virtual-ip-owner.ts';
import { workloadPolicyVerdicts } from './workload-policy-verdicts.ts';

type TlsTargetRef = BackendTLSPolicyResource['spec']['targetRefs'][number];

/** Kinds that nothing can stand in the way of. */
const ALWAYS_ACCEPTED = {
  WorkloadGroup: 'agents may register workloads in the group',
  Sidecar: 'the programs of the namespace keep to it',
  WorkloadEntry: 'the workload is registered',
  HTTPRouteFilter: 'routes may refer to the filter',
  ConfigMap: 'the texts are kept',
} as const;

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
    case 'HTTPRoute':
    case 'GRPCRoute':
    case 'TLSRoute':
    case 'TCPRoute':
      return resource.spec.parentRefs.flatMap((ref) =>
        complete(parentTitle(resource, ref), routeVerdicts(index, resource, ref)),
      );
    case 'BackendTrafficPolicy':
      return resource.spec.targetRefs.flatMap((ref) =>
        complete(policyTargetTitle(resource, ref), [policyVerdict(index, resource, ref)]),
      );
    case 'BackendTLSPolicy':
      return resource.spec.targetRefs.flatMap((ref) =>
        complete(targetTitle(resource, ref), tlsPolicyVerdicts(index, resource, ref)),
      );
    case 'RequestAuthentication':
    case 'AuthorizationPolicy':
      return workloadPolicyVerdicts(index, resource).flatMap(({ target, verdict }) => complete(target, [verdict]));
    case 'PeerAuthentication':
      return complete(null, [peerVerdict(index, resource)]);
    case 'WorkloadGroup':
    case 'Sidecar':
    case 'WorkloadEntry':
    case 'HTTPRouteFilter':
    case 'ConfigMap':
      return complete(null, [accepted(ALWAYS_ACCEPTED[resource.kind])]);
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

function peerVerdict(index: ResourceIndex, policy: PeerAuthenticationResource): Verdict {
  const rival = rivalOf(index, policy);
  if (rival === null) return accepted('the policy is in force');
  return refused('Conflicted', `${resourceTitle(rival)}, older, is for the same workloads and counts instead`);
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
