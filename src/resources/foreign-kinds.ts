/** Kinds that people paste in from Kubernetes and other meshes, and what takes their place here. */
const ROUTES = 'write HTTPRoutes, GRPCRoutes, TLSRoutes or TCPRoutes with a Service as parentRef';
const PROGRAMS = 'programs are registered by the agents of their hosts (workloads in the agent file); leave it out';
const GATEWAYS = 'routes attach to Services here; leave it out';
const POLICY = 'write a BackendTrafficPolicy (towpath.dev/v1)';

const ADVICE: ReadonlyMap<string, string> = new Map([
  ['VirtualService', ROUTES],
  ['ServiceProfile', `${ROUTES}, and a BackendTrafficPolicy for retry budgets`],
  ['UDPRoute', 'UDP is never captured; leave it out'],
  ['DestinationRule', `${POLICY}, and a Service for each subset`],
  ['XBackendTrafficPolicy', POLICY],
  ['EnvoyFilter', 'there is no Envoy here; leave it out'],
  ['Gateway', GATEWAYS],
  ['GatewayClass', GATEWAYS],
  ['Ingress', GATEWAYS],
  ['XMesh', 'the mesh itself is no resource; leave it out'],
  ['ReferenceGrant', 'references to other namespaces need no grant in a mesh; leave it out'],
  ['Namespace', 'a namespace is there as soon as something is in it; leave it out'],
  ['Endpoints', 'write a WorkloadEntry for each address'],
  ['EndpointSlice', 'write a WorkloadEntry for each address'],
  ['ExternalWorkload', 'write a WorkloadEntry'],
  ['Pod', PROGRAMS],
  ['Deployment', PROGRAMS],
  ['StatefulSet', PROGRAMS],
  ['DaemonSet', PROGRAMS],
  ['ServiceAccount', 'accounts are named by workloads and need no resource; leave it out'],
  ['HTTPLocalRateLimitPolicy', 'rate limits come later; leave it out'],
  ['Telemetry', 'telemetry is no matter of resources; leave it out'],
]);

/** What to do instead of writing that kind; null: nothing is known of it. */
export function adviceOnKind(kind: string): string | null {
  return ADVICE.get(kind) ?? null;
}
