/** Which identity callers expect of an endpoint (Istio's secure naming): what the registry says, never what the endpoint shows. Pure. */
import { DEFAULT_ACCOUNT, formatSpiffeId, parseSpiffeId } from '../../contract/spiffe-id.ts';
import type { RegisteredEndpoint } from '../change.ts';
import type { EndpointIndex } from '../endpoint-index.ts';
import type { ResourceIndex } from '../resource-index.ts';
import type { Labels } from '../selector-index.ts';
import type { WorkloadEntryResource } from '../types.ts';
import { mtlsAtPort, mtlsOfWorkload } from './peer-authentication.ts';

/**
 * Of a registered workload whose host says that it holds an identity for it; undefined: it cannot speak mutual TLS. The account of its
 * WorkloadGroup counts, else the registered one, and only in the namespace of the workload: an identity of another fits nobody.
 */
export function identityOfRegistered(endpoint: RegisteredEndpoint): string | undefined {
  const held = endpoint.identity === undefined ? null : parseSpiffeId(endpoint.identity);
  if (held === null) return undefined;
  const { namespace, serviceAccount } = endpoint;
  const own = held.namespace === namespace ? held.account : DEFAULT_ACCOUNT;
  return formatSpiffeId({ trustDomain: held.trustDomain, namespace, account: serviceAccount ?? own });
}

/** Of a written workload: it speaks mutual TLS when an agent with an identity has registered something at its address. */
export function identityOfWritten(endpoints: EndpointIndex, entry: WorkloadEntryResource): string | undefined {
  const { address, serviceAccount } = entry.spec;
  const trustDomain = endpoints.trustDomainAt(address);
  if (trustDomain === null) return undefined;
  return formatSpiffeId({
    trustDomain,
    namespace: entry.metadata.namespace,
    account: serviceAccount ?? DEFAULT_ACCOUNT,
  });
}

/** False where a policy wants the workload's port to be reached without mutual TLS. */
export function acceptsMtls(index: ResourceIndex, namespace: string, labels: Labels, port: number): boolean {
  return mtlsAtPort(mtlsOfWorkload(index, namespace, labels), port).mode !== 'DISABLE';
}
