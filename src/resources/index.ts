/** What control, the standalone agent and the command line use of the resources: decode, keep, compile, explain. */
export { affectedConditions } from './affected-conditions.ts';
export { touchedNamespace } from './affected-hosts.ts';
export { affectedServices } from './affected-services.ts';
export {
  allocatedBefore,
  allocateVirtualIps,
  claims,
  wantsVirtualIps,
  withVirtualIps,
} from './allocate-virtual-ips.ts';
export { analyzeResources } from './analyze-resources.ts';
export { applyGroup, groupKeyOf } from './apply-group.ts';
export type { Change, RegisteredEndpoint } from './change.ts';
export { compileDirectory, compileDirectoryEntry, touchesDirectory } from './compile/compile-directory.ts';
export { compileEgress, touchesEgress } from './compile/compile-egress.ts';
export { compileHost, type HostViewBody } from './compile/compile-host.ts';
export { compileLimits } from './compile/compile-limits.ts';
export { compileService, type ServiceViewBody } from './compile/compile-service.ts';
export { hashView } from './compile/hash-view.ts';
export { conditionsOf } from './conditions-of.ts';
export { decodeResource } from './decode-resource.ts';
export { decodeResources } from './decode-resources.ts';
export { EndpointIndex } from './endpoint-index.ts';
export type { Finding } from './finding.ts';
export { limitedNamespaces } from './limited-namespaces.ts';
export { type Reference, referencesOf } from './references-of.ts';
export { ResourceIndex } from './resource-index.ts';
export type * from './route-types.ts';
export {
  API_VERSIONS,
  type AuthorizationPolicyResource,
  type BackendTLSPolicyResource,
  type BackendTrafficPolicyResource,
  type ConfigMapResource,
  contentOf,
  type GRPCRouteResource,
  type HTTPRouteFilterResource,
  type HTTPRouteResource,
  KINDS,
  type Kind,
  type Metadata,
  type PeerAuthenticationResource,
  type RequestAuthenticationResource,
  type Resource,
  type ResourceId,
  type RouteResource,
  resourceId,
  resourceTitle,
  type ServiceResource,
  type SidecarResource,
  type StoredResource,
  type TCPRouteResource,
  type TLSRouteResource,
  type WorkloadEntryResource,
  type WorkloadGroupResource,
} from './types.ts';
export type { Condition } from './verdict.ts';
