import { serviceKey } from '../contract/views.ts';
import { assertNever } from '../core/result.ts';
import { attachParent, parentTitle } from './attach-parent.ts';
import { MAX_ENTRIES_PER_PORT } from './compile/attach-routes.ts';
import { decidingPolicy, trustedCertificates } from './compile/compile-tls.ts';
import { resolveBackend, type UnresolvedBackend } from './compile/resolve-backend.ts';
import { policyTargetProblem, policyTargetTitle } from './policy-target.ts';
import type { PolicyTarget } from './policy-types.ts';
import { keyOf, type ResourceIndex } from './resource-index.ts';
import {
  type BackendTLSPolicyResource,
  type BackendTrafficPolicyResource,
  type HTTPRouteResource,
  type ParentRef,
  type ResourceId,
  resourceTitle,
  type ServiceResource,
} from './types.ts';
import { virtualIpOwner } from './virtual-ip-owner.ts';

/** A condition as in GEP-1364, without the time of its last transition, which whoever stores it knows. */
export interface Condition {
  readonly type: 'Accepted' | 'ResolvedRefs' | 'PartiallyInvalid';
  readonly status: 'True' | 'False';
  /** Upstream's reason, in CamelCase. */
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  /** The parent of a route or the target of a policy that this is about, such as `shop/orders:80`; null for the rest. */
  readonly parent: string | null;
}

type TlsTargetRef = BackendTLSPolicyResource['spec']['targetRefs'][number];
type Verdict = Omit<Condition, 'observedGeneration' | 'parent'>;

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
      return complete(null, [serviceVerdict(index, resource)]);
    case 'WorkloadEntry':
      return complete(null, [accepted('the workload is registered')]);
    case 'HTTPRoute':
      return resource.spec.parentRefs.flatMap((ref) =>
        complete(parentTitle(resource, ref), [
          ...parentVerdicts(index, resource, ref),
          referencesVerdict(unresolvedBackends(index, resource)),
        ]),
      );
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

/** A backendRef that gets its share of errors, with the place of the reference. */
export interface UnresolvedRef extends UnresolvedBackend {
  readonly rule: number;
  readonly backendRef: number;
}

/** Every backendRef of a route that does not resolve, in the order of the manifest. */
export function unresolvedBackends(index: ResourceIndex, route: HTTPRouteResource): UnresolvedRef[] {
  return route.spec.rules.flatMap((rule, i) =>
    rule.backendRefs.flatMap((ref, j) => {
      const backend = resolveBackend(index, route, ref);
      return backend.ok ? [] : [{ ...backend.error, rule: i, backendRef: j }];
    }),
  );
}

function parentVerdicts(index: ResourceIndex, route: HTTPRouteResource, ref: ParentRef): Verdict[] {
  const state = attachParent(index, route, ref);
  if (state.type === 'refused') return [refused(state.reason, state.message)];
  const verdict = accepted('the route is attached');
  if (state.dropped.length === 0) return [verdict];
  const rules = state.dropped.map(({ rule, index: i }) => rule.name ?? String(i));
  const message = `Dropped Rule ${[...new Set(rules)].join(', ')}: one port carries at most ${MAX_ENTRIES_PER_PORT} matches`;
  return [verdict, { type: 'PartiallyInvalid', status: 'True', reason: 'UnsupportedValue', message }];
}

function referencesVerdict(unresolved: readonly UnresolvedRef[]): Verdict {
  const [first] = unresolved;
  if (first === undefined) {
    return { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: 'every reference resolves' };
  }
  const more = unresolved.length > 1 ? ` (and ${unresolved.length - 1} more)` : '';
  const message = `rules[${first.rule}].backendRefs[${first.backendRef}]: ${first.message}; its share is answered 500${more}`;
  return { type: 'ResolvedRefs', status: 'False', reason: first.reason, message };
}

function serviceVerdict(index: ResourceIndex, service: ServiceResource): Verdict {
  for (const ip of service.spec.clusterIPs) {
    const owner = virtualIpOwner(index, ip);
    if (owner !== undefined && keyOf(owner.resource) !== keyOf(service)) {
      return refused('Conflicted', `${ip} belongs to the older ${resourceTitle(owner.resource)}`);
    }
  }
  return accepted('the service can be dialled');
}

function policyVerdict(index: ResourceIndex, policy: BackendTrafficPolicyResource, ref: PolicyTarget): Verdict {
  const problem = policyTargetProblem(index, policy, ref);
  return problem === null ? accepted('the policy is in force') : refused(problem.reason, problem.message);
}

function targetTitle({ metadata }: BackendTLSPolicyResource, { name, sectionName }: TlsTargetRef): string {
  const service = serviceKey(metadata.namespace, name);
  return sectionName === undefined ? service : `${service}:${sectionName}`;
}

/** Why a target of a TLS policy does not get it; null = it does, on one port at least. */
export function tlsTargetProblem(
  index: ResourceIndex,
  policy: BackendTLSPolicyResource,
  { name, sectionName }: TlsTargetRef,
): { readonly reason: 'TargetNotFound' | 'Conflicted'; readonly message: string } | null {
  const key = serviceKey(policy.metadata.namespace, name);
  const service = index.service(key)?.resource;
  if (service === undefined) return { reason: 'TargetNotFound', message: `the Service ${key} does not exist` };
  const ports = service.spec.ports.filter((port) => sectionName === undefined || port.name === sectionName);
  if (ports.length === 0) {
    return { reason: 'TargetNotFound', message: `the Service ${key} has no port named ${sectionName}` };
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

function accepted(message: string): Verdict {
  return { type: 'Accepted', status: 'True', reason: 'Accepted', message };
}

function refused(reason: string, message: string): Verdict {
  return { type: 'Accepted', status: 'False', reason, message };
}
