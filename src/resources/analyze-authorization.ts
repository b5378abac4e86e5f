import { joinPath } from '../core/schema.ts';
import type { AuthorizationRule } from './authorization-types.ts';
import { CODES } from './codes.ts';
import { applicable, inOrder, type PolicedWorkload } from './compile/applicable-policies.ts';
import type { EndpointIndex } from './endpoint-index.ts';
import type { Finding } from './finding.ts';
import { keyOf, type ResourceIndex } from './resource-index.ts';
import { ROOT_NAMESPACE } from './root-namespace.ts';
import { type AuthorizationPolicyResource, resourceTitle, type WorkloadPolicyResource } from './types.ts';
import { workloadPolicyVerdicts } from './workload-policy-verdicts.ts';

/** `<trust-domain>/ns/<namespace>/sa/<account>`. */
const PRINCIPAL = /^[^/]+\/ns\/[^/]+\/sa\/[^/]+$/;

/** What an AuthorizationPolicy or RequestAuthentication cannot do as written. @param endpoints null: registered workloads are not known */
export function analyzeWorkloadPolicy(
  index: ResourceIndex,
  endpoints: EndpointIndex | null,
  policy: WorkloadPolicyResource,
): Finding[] {
  const scope = analyzeScope(index, endpoints, policy);
  return policy.kind === 'AuthorizationPolicy' ? [...scope, ...analyzeAuthorization(index, endpoints, policy)] : scope;
}

/** A policy that is for nobody. @param endpoints null: registered workloads are not known */
function analyzeScope(
  index: ResourceIndex,
  endpoints: EndpointIndex | null,
  policy: WorkloadPolicyResource,
): Finding[] {
  const at = (...path: PropertyKey[]): string => joinPath(resourceTitle(policy), path);
  const missing = workloadPolicyVerdicts(index, policy).flatMap(({ verdict }, i): Finding[] =>
    verdict.status === 'True'
      ? []
      : [
          {
            level: 'error',
            code: CODES.referencedResourceNotFound,
            message: verdict.message,
            path: at('spec', 'targetRefs', i),
          },
        ],
  );
  if (missing.length > 0 || endpoints === null) return missing;
  const scoped = policy.spec.selector ?? policy.spec.targetRefs;
  if (scoped === undefined || workloadsUnder(index, endpoints, policy).length > 0) return [];
  const field = policy.spec.selector === undefined ? 'targetRefs' : 'selector';
  const message =
    field === 'selector'
      ? 'no registered workload carries these labels: the policy is for nobody'
      : 'no registered workload is behind the targets: the policy is for nobody';
  return [{ level: 'warning', code: CODES.noMatchingWorkloads, message, path: at('spec', field) }];
}

/** Conditions that cannot come true, and a DENY that is wider than it looks. */
function analyzeAuthorization(
  index: ResourceIndex,
  endpoints: EndpointIndex | null,
  policy: AuthorizationPolicyResource,
): Finding[] {
  const tokens = tokenPlace(policy.spec.rules);
  const findings = policy.spec.rules.flatMap((rule, i) => [
    ...unknownPrincipals(policy, rule, i),
    ...(policy.spec.action === 'DENY' && isOnlyHttp(rule) ? [denyOnTcp(policy, i)] : []),
  ]);
  if (tokens === null || isAuthenticated(index, endpoints, policy)) return findings;
  const message = 'no RequestAuthentication is for these workloads: no request has a token that was checked';
  const hint = 'write a RequestAuthentication with the issuer of the tokens';
  const path = joinPath(resourceTitle(policy), ['spec', 'rules', ...tokens]);
  return [...findings, { level: 'warning', code: CODES.noRequestAuthentication, message, path, hint }];
}

function unknownPrincipals(
  policy: AuthorizationPolicyResource,
  { from = [] }: AuthorizationRule,
  i: number,
): Finding[] {
  return from.flatMap(({ source }, j) =>
    (['principals', 'notPrincipals'] as const).flatMap((field) =>
      (source[field] ?? []).flatMap((value, k): Finding[] => {
        if (value.includes('*') || PRINCIPAL.test(value)) return [];
        const message = `"${value}" is nobody's principal: they are trust-domain/ns/namespace/sa/account`;
        const path = joinPath(resourceTitle(policy), ['spec', 'rules', i, 'from', j, 'source', field, k]);
        return [{ level: 'warning', code: CODES.unknownPrincipal, message, path }];
      }),
    ),
  );
}

/** Nothing of the rule can be asked of a connection that is not HTTP: there a DENY holds (Istio's TCP rules). */
function isOnlyHttp({ from = [], to = [] }: AuthorizationRule): boolean {
  const isOfConnection = (field: string): boolean => !/request|hosts|methods|paths/i.test(field);
  const sources = from.flatMap(({ source }) => Object.keys(source));
  const operations = to.flatMap(({ operation }) => Object.keys(operation));
  if (sources.length + operations.length === 0) return false;
  return ![...sources, ...operations].some(isOfConnection);
}

function denyOnTcp(policy: AuthorizationPolicyResource, i: number): Finding {
  const message = 'connections that are not HTTP are denied by this rule too, whatever they ask for';
  const hint = 'name the ports that it is for (to.operation.ports)';
  const path = joinPath(resourceTitle(policy), ['spec', 'rules', i]);
  return { level: 'info', code: CODES.denyOnTcp, message, path, hint };
}

/** Where a policy first asks for a token; null: nowhere. */
function tokenPlace(rules: readonly AuthorizationRule[]): PropertyKey[] | null {
  for (const [i, { from = [], when = [] }] of rules.entries()) {
    const source = from.findIndex((one) => one.source.requestPrincipals !== undefined);
    if (source >= 0) return [i, 'from', source, 'source', 'requestPrincipals'];
    const condition = when.findIndex(({ key, values }) => key.startsWith('request.auth.') && values !== undefined);
    if (condition >= 0) return [i, 'when', condition, 'key'];
  }
  return null;
}

/** Some RequestAuthentication is for a workload that the policy is for; without workloads: for the namespace at all. */
function isAuthenticated(
  index: ResourceIndex,
  endpoints: EndpointIndex | null,
  policy: AuthorizationPolicyResource,
): boolean {
  const list = (namespace: string) => inOrder((one) => index.requestAuthentications(one), namespace);
  const workloads = endpoints === null ? [] : workloadsUnder(index, endpoints, policy);
  if (workloads.length === 0) return list(policy.metadata.namespace).length > 0;
  return workloads.every((workload) => applicable(index, list(workload.namespace), workload).length > 0);
}

function workloadsUnder(
  index: ResourceIndex,
  endpoints: EndpointIndex,
  policy: WorkloadPolicyResource,
): PolicedWorkload[] {
  const { namespace } = policy.metadata;
  const home = endpoints.list().filter((one) => namespace === ROOT_NAMESPACE || one.namespace === namespace);
  return home.filter((one) => applicable(index, [policy], one).some((found) => keyOf(found.policy) === keyOf(policy)));
}
