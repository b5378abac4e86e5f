import { joinPath } from '../core/schema.ts';
import { CODES } from './codes.ts';
import { mtlsAtPort, mtlsOfWorkload, rivalOf, scopeOf } from './compile/peer-authentication.ts';
import { portOf } from './compile/select-workloads.ts';
import type { EndpointIndex } from './endpoint-index.ts';
import type { Finding } from './finding.ts';
import type { ResourceIndex } from './resource-index.ts';
import { ROOT_NAMESPACE } from './root-namespace.ts';
import { type BackendTLSPolicyResource, type PeerAuthenticationResource, resourceTitle } from './types.ts';

/** What a PeerAuthentication cannot do as written. @param endpoints null: registered workloads are not known */
export function analyzePeerAuthentication(
  index: ResourceIndex,
  endpoints: EndpointIndex | null,
  policy: PeerAuthenticationResource,
): Finding[] {
  const at = (...path: PropertyKey[]): string => joinPath(resourceTitle(policy), path);
  const findings: Finding[] = [];
  const rival = rivalOf(index, policy);
  if (rival !== null) {
    const message = `${resourceTitle(rival)}, older, is for the same workloads and counts instead`;
    findings.push({ level: 'warning', code: CODES.policyConflict, message, path: at('metadata', 'name') });
  }
  const scope = scopeOf(policy);
  if (scope === 'ignored') {
    const message = `a policy of ${ROOT_NAMESPACE} is for the whole mesh: with a selector it has no effect`;
    const hint = 'write it into the namespace of the workloads';
    findings.push({ level: 'warning', code: CODES.selectorIgnored, message, path: at('spec', 'selector'), hint });
  }
  if (scope !== 'workload' || endpoints === null) return findings;
  const selected = endpoints.select(policy.metadata.namespace, policy.spec.selector?.matchLabels ?? {});
  if (selected.length === 0) {
    const message = 'no registered workload of this namespace carries these labels';
    findings.push({ level: 'warning', code: CODES.noMatchingWorkloads, message, path: at('spec', 'selector') });
  }
  return findings;
}

/** A service that is dialled with a TLS of its own, and workloads that accept the mesh's alone. */
export function analyzeTlsConflict(
  index: ResourceIndex,
  endpoints: EndpointIndex | null,
  policy: BackendTLSPolicyResource,
): Finding[] {
  if (endpoints === null) return [];
  const { namespace } = policy.metadata;
  return policy.spec.targetRefs.flatMap(({ name, sectionName }, i): Finding[] => {
    const service = index.service(`${namespace}/${name}`)?.resource;
    if (service === undefined || Object.keys(service.spec.selector).length === 0) return [];
    const ports = service.spec.ports.filter((port) => sectionName === undefined || port.name === sectionName);
    for (const workload of endpoints.select(namespace, service.spec.selector)) {
      const mtls = mtlsOfWorkload(index, namespace, workload.labels);
      for (const port of ports) {
        const number = portOf(workload, port);
        const decided = number === null ? null : mtlsAtPort(mtls, number);
        if (decided?.mode !== 'STRICT') continue;
        const message = `the service is dialled with TLS of its own, which PeerAuthentication ${decided.policy} (STRICT) refuses at ${workload.name}:${number}`;
        const path = joinPath(resourceTitle(policy), ['spec', 'targetRefs', i]);
        return [{ level: 'error', code: CODES.mtlsPolicyConflict, message, path }];
      }
    }
    return [];
  });
}
