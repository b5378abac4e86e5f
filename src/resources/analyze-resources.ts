import { assertNever } from '../core/result.ts';
import { joinPath } from '../core/schema.ts';
import { analyzeWorkloadPolicy } from './analyze-authorization.ts';
import { analyzePeerAuthentication, analyzeTlsConflict } from './analyze-peer-authentication.ts';
import { analyzeExtension, analyzeRoute } from './analyze-route.ts';
import { duplicateMatches } from './analyze-rules.ts';
import { CODES } from './codes.ts';
import { isUnknownProtocol } from './compile/app-protocol.ts';
import { trustedCertificates } from './compile/compile-tls.ts';
import { portOf, workloadsOf } from './compile/select-workloads.ts';
import { tlsTargetProblem } from './conditions-of.ts';
import { EndpointIndex } from './endpoint-index.ts';
import type { Finding } from './finding.ts';
import { frontendOf } from './frontend.ts';
import { policyTargetProblem, type TargetProblem } from './policy-target.ts';
import type { ResourceIndex } from './resource-index.ts';
import {
  type BackendTLSPolicyResource,
  type BackendTrafficPolicyResource,
  type Resource,
  resourceTitle,
  type ServiceEntryResource,
  type ServiceResource,
  type SidecarResource,
} from './types.ts';
import { lostClaimSentence, lostClaims } from './virtual-ip-owner.ts';

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
      return analyzeService(index, endpoints, resource);
    case 'ServiceEntry':
      return [
        ...analyzeClaims(index, resource),
        ...analyzeServiceEntry(resource),
        ...duplicateMatches(index, frontendOf(resource)),
      ];
    case 'Sidecar':
      return analyzeSidecar(resource);
    case 'WorkloadEntry':
    case 'WorkloadGroup':
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
      return [...analyzeTlsPolicy(index, resource), ...analyzeTlsConflict(index, endpoints, resource)];
    case 'RequestAuthentication':
    case 'AuthorizationPolicy':
      return analyzeWorkloadPolicy(index, endpoints, resource);
    case 'PeerAuthentication':
      return analyzePeerAuthentication(index, endpoints, resource);
    case 'ConfigMap':
      return [];
    default:
      return assertNever(resource);
  }
}

function analyzeService(index: ResourceIndex, endpoints: EndpointIndex | null, service: ServiceResource): Finding[] {
  return [
    ...analyzeClaims(index, service),
    ...analyzeWorkloads(index, endpoints, service),
    ...analyzePorts(service),
    ...duplicateMatches(index, service),
  ];
}

function analyzeClaims(index: ResourceIndex, resource: ServiceResource | ServiceEntryResource): Finding[] {
  return lostClaims(index, frontendOf(resource)).map((lost): Finding => {
    const { field, position = 0 } = lost;
    const path = at(resource, field === 'name' ? ['metadata', 'name'] : ['spec', field, position]);
    const code = field === 'name' || field === 'hosts' ? CODES.nameConflict : CODES.virtualIpConflict;
    return { level: 'error', code, message: lostClaimSentence(lost), path };
  });
}

function analyzeServiceEntry(entry: ServiceEntryResource): Finding[] {
  const { addresses, ports, exportTo } = entry.spec;
  const findings = ports.flatMap(({ protocol }, i): Finding[] => {
    if (addresses.length > 0 || protocol !== 'TCP') return [];
    const message =
      'a TCP port without addresses is found by the dialled name alone, or takes every address on this port';
    const hint = 'list addresses, or declare TLS, whose server name tells';
    return [
      { level: 'warning', code: CODES.tcpWithoutAddresses, message, path: at(entry, ['spec', 'ports', i]), hint },
    ];
  });
  const own = exportTo.indexOf('.');
  if (own === -1) return findings;
  const message = 'every namespace sees the entry: "." is accepted and has no effect';
  return [
    ...findings,
    { level: 'info', code: CODES.exportIgnored, message, path: at(entry, ['spec', 'exportTo', own]) },
  ];
}

function analyzeSidecar(sidecar: SidecarResource): Finding[] {
  return sidecar.spec.egress.flatMap(({ hosts }, i): Finding[] => {
    if (hosts.includes('*/*')) return [];
    const message = 'every program sees every service: hosts are accepted and have no effect';
    return [
      { level: 'info', code: CODES.egressHostsIgnored, message, path: at(sidecar, ['spec', 'egress', i, 'hosts']) },
    ];
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
