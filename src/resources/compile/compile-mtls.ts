/** PeerAuthentication as the agent of a host wants it. What is so anyway is left out. Pure. */
import type { HostView, MtlsView, WorkloadPolicyView } from '../../contract/host-view.ts';
import type { RegisteredEndpoint } from '../change.ts';
import type { ResourceIndex } from '../resource-index.ts';
import { ROOT_NAMESPACE } from '../root-namespace.ts';
import type { Labels } from '../selector-index.ts';
import { mtlsOfNamespace, mtlsOfWorkload } from './peer-authentication.ts';

/** Strictest last. */
const STRICTNESS: readonly MtlsView['mode'][] = ['DISABLE', 'PERMISSIVE', 'STRICT'];

export function compileMtls(index: ResourceIndex, namespace: string, labels: Labels): Pick<WorkloadPolicyView, 'mtls'> {
  const { mode, policy, ports } = mtlsOfWorkload(index, namespace, labels);
  if (policy === '' && ports.size === 0) return {};
  if (ports.size === 0) return { mtls: { mode, policy } };
  const listed = [...ports].map(([port, decided]) => ({ port, mode: decided.mode, policy: decided.policy }));
  return { mtls: { mode, policy, ports: listed.sort((a, b) => a.port - b.port) } };
}

/** Ports that no workload claims: the strictest of what the namespaces of the host's workloads say, or without any what the mesh does. */
export function compileOtherPorts(
  index: ResourceIndex,
  workloads: readonly RegisteredEndpoint[],
): Pick<HostView, 'mtls'> {
  const namespaces = [...new Set(workloads.map(({ namespace }) => namespace))].sort();
  if (namespaces.length === 0) namespaces.push(ROOT_NAMESPACE);
  const decided = namespaces.map((namespace) => mtlsOfNamespace(index, namespace));
  const [strictest] = decided.sort((a, b) => STRICTNESS.indexOf(b.mode) - STRICTNESS.indexOf(a.mode));
  return strictest === undefined || strictest.policy === '' ? {} : { mtls: strictest };
}
