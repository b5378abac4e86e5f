import { assertNever } from '../core/result.ts';
import { joinPath } from '../core/schema.ts';
import { analyzeExtension, analyzeRoute } from './analyze-route.ts';
import { duplicateMatches } from './analyze-rules.ts';
import { CODES } from './codes.ts';
import { isUnknownProtocol } from './compile/app-protocol.ts';
import { portOf, workloadsOf } from './compile/compile-cluster.ts';
import { trustedCertificates } from './compile/compile-tls.ts';
import { tlsTargetProblem } from './conditions-of.ts';
import { EndpointIndex } from './endpoint-index.ts';
import type { Finding } from './finding.ts';
import { policyTargetProblem, type TargetProblem } from './policy-target.ts';
import { keyOf, type ResourceIndex } from './resource-index.ts';
import {
  type BackendTLSPolicyResource,
  type BackendTrafficPolicyResource,
  type Resource,
  resourceTitle,
  type ServiceResource,
} from './types.ts';
import { virtualIpOwner } from './virtual-ip-owner.ts';

const LEVELS: readonly Finding['level'][] = ['error', 'warning', 'info'];

/**
 * Everything worth telling about a set of resources that each decode, most serious first, then by path.
 * `endpoints`: the workloads that agents registered, or null when they are not known, as for files on their own; then
 * nothing is said about Services that only registered workloads could serve.
 */
export function analyzeResources(index: ResourceIndex, endpoints: EndpointIndex | null = null): Finding[] {
  const findings = index.list().flatMap(({ resource }) => analyze(index, endpoints, resource));
  return findings.sort(
    (a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || compareText(a.path ?? '', b.path ?? ''),
  );
}

function analyze(index: ResourceIndex, endpoints: EndpointIndex | null, resource: Resource): Finding[] {
  switch (resource.kind) {
    case 'Service':
      return [
        ...analyzeVirtualIps(index, resource),
        ...analyzeWorkloads(index, endpoints, resource),
        ...analyzePorts(resource),
        ...duplicateMatches(index, resource),
      ];
    case 'WorkloadEntry':
      return [];
    case 'HTTPRoute':
    case 'GRPCRoute':
    case 'TLSRoute':
    case 'TCPRoute':
      return analyzeRoute(index, resource);
    case 'HTTPRouteFilter':
      return analyzeExtension(index, resource);
    case 'BackendTrafficPolicy':
      return analyzePolicy(index, resource);
    case 'BackendTLSPolicy':
      return analyzeTlsPolicy(index, resource);
    case 'ConfigMap':
      return [];
    default:
      return assertNever(resource);
  }
}

function analyzeVirtualIps(index: ResourceIndex, service: ServiceResource): Finding[] {
  return service.spec.clusterIPs.flatMap((ip, i): Finding[] => {
    const owner = virtualIpOwner(index, ip)?.resource;
    if (owner === undefined || keyOf(owner) === keyOf(service)) return [];
    const message = `${ip} belongs to the older ${resourceTitle(owner)}`;
    return [{ level: 'error', code: CODES.virtualIpConflict, message, path: at(service, ['spec', 'clusterIPs', i]) }];
  });
}

function analyzeWorkloads(index: ResourceIndex, endpoints: EndpointIndex | null, service: ServiceResource): Finding[] {
  const { selector, ports } = service.spec;
  const noWorkload = (message: string): Finding[] => [
    { level: 'warning', code: CODES.noMatchingWorkloads, message, path: at(service, ['spec', 'selector']) },
  ];
  if (Object.keys(selector).length === 0) return noWorkload('without a selector the Service has no endpoints');
  const workloads = workloadsOf(index, endpoints ?? new EndpointIndex(), service);
  if (workloads.length === 0) {
    return endpoints === null ? [] : noWorkload('no healthy workload of this namespace carries these labels');
  }
  return ports.flatMap((port, i): Finding[] => {
    const without = workloads.filter((workload) => portOf(workload, port) === null);
    if (without.length === 0) return [];
    const message = `${without.length} of ${workloads.length} workloads have no port named "${port.targetPort}"`;
    const path = at(service, ['spec', 'ports', i, 'targetPort']);
    return [{ level: 'warning', code: CODES.portNotOffered, message, path }];
  });
}

function analyzePorts(service: ServiceResource): Finding[] {
  return service.spec.ports.flatMap((port, i): Finding[] => {
    if (!isUnknownProtocol(port)) return [];
    const message = `"${port.appProtocol}" has no meaning here: the first bytes of each connection decide`;
    const path = at(service, ['spec', 'ports', i, 'appProtocol']);
    return [{ level: 'info', code: CODES.unknownAppProtocol, message, path }];
  });
}

function analyzePolicy(index: ResourceIndex, policy: BackendTrafficPolicyResource): Finding[] {
  return policy.spec.targetRefs.flatMap((ref, i) => {
    const problem = policyTargetProblem(index, policy, ref);
    return problem === null ? [] : [targetFinding(problem, at(policy, ['spec', 'targetRefs', i]))];
  });
}

function targetFinding({ reason, message }: TargetProblem, path: string): Finding {
  return reason === 'Conflicted'
    ? { level: 'warning', code: CODES.policyConflict, message, path }
    : { level: 'error', code: CODES.referencedResourceNotFound, message, path };
}

function analyzeTlsPolicy(index: ResourceIndex, policy: BackendTLSPolicyResource): Finding[] {
  const findings = policy.spec.targetRefs.flatMap((ref, i): Finding[] => {
    const problem = tlsTargetProblem(index, policy, ref);
    return problem === null ? [] : [targetFinding(problem, at(policy, ['spec', 'targetRefs', i]))];
  });
  const authority = trustedCertificates(index, policy);
  if (authority.ok) return findings;
  const path = at(policy, ['spec', 'validation', 'caCertificateRefs']);
  return [...findings, { level: 'error', code: CODES.noAuthority, message: authority.error.message, path }];
}

function at(resource: Resource, path: readonly PropertyKey[]): string {
  return joinPath(resourceTitle(resource), path);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
