/**
 * Decoded resources. They keep the field names of the manifests, with defaults applied, so that a decoded resource
 * written as JSON or YAML is itself a manifest that decodes to the same value.
 */
import type { AuthorizationPolicySpec, RequestAuthenticationSpec } from './authorization-types.ts';
import type { BackendTrafficPolicySpec, FrontendTarget } from './policy-types.ts';
import type { ServiceEntrySpec, SidecarSpec, WorkloadGroupSpec } from './registry-types.ts';
import type { GRPCRouteSpec, HTTPRouteFilterSpec, HTTPRouteSpec, TCPRouteSpec, TLSRouteSpec } from './route-types.ts';
import type { PeerAuthenticationSpec } from './security-types.ts';

export const KINDS = [
  'Service',
  'WorkloadEntry',
  'WorkloadGroup',
  'ServiceEntry',
  'Sidecar',
  'HTTPRoute',
  'GRPCRoute',
  'TLSRoute',
  'TCPRoute',
  'HTTPRouteFilter',
  'BackendTrafficPolicy',
  'BackendTLSPolicy',
  'PeerAuthentication',
  'RequestAuthentication',
  'AuthorizationPolicy',
  'ConfigMap',
] as const;
export type Kind = (typeof KINDS)[number];

/** The one `apiVersion` that each kind is stored with. */
export const API_VERSIONS = {
  Service: 'v1',
  WorkloadEntry: 'networking.istio.io/v1',
  WorkloadGroup: 'networking.istio.io/v1',
  ServiceEntry: 'networking.istio.io/v1',
  Sidecar: 'networking.istio.io/v1',
  HTTPRoute: 'gateway.networking.k8s.io/v1',
  GRPCRoute: 'gateway.networking.k8s.io/v1',
  TLSRoute: 'gateway.networking.k8s.io/v1',
  TCPRoute: 'gateway.networking.k8s.io/v1',
  HTTPRouteFilter: 'gateway.envoyproxy.io/v1alpha1',
  BackendTrafficPolicy: 'towpath.dev/v1',
  BackendTLSPolicy: 'gateway.networking.k8s.io/v1',
  PeerAuthentication: 'security.istio.io/v1',
  RequestAuthentication: 'security.istio.io/v1',
  AuthorizationPolicy: 'security.istio.io/v1',
  ConfigMap: 'v1',
} as const satisfies Record<Kind, string>;

export interface Metadata {
  readonly name: string;
  /** `default` when the manifest names none. */
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Typed<K extends Kind, Spec> {
  readonly apiVersion: (typeof API_VERSIONS)[K];
  readonly kind: K;
  readonly metadata: Metadata;
  readonly spec: Spec;
}

export type ServiceResource = Typed<'Service', ServiceSpec>;
export type WorkloadEntryResource = Typed<'WorkloadEntry', WorkloadEntrySpec>;
export type WorkloadGroupResource = Typed<'WorkloadGroup', WorkloadGroupSpec>;
export type ServiceEntryResource = Typed<'ServiceEntry', ServiceEntrySpec>;
export type SidecarResource = Typed<'Sidecar', SidecarSpec>;
export type HTTPRouteResource = Typed<'HTTPRoute', HTTPRouteSpec>;
export type GRPCRouteResource = Typed<'GRPCRoute', GRPCRouteSpec>;
export type TLSRouteResource = Typed<'TLSRoute', TLSRouteSpec>;
export type TCPRouteResource = Typed<'TCPRoute', TCPRouteSpec>;
export type HTTPRouteFilterResource = Typed<'HTTPRouteFilter', HTTPRouteFilterSpec>;
/** Routes whose rules choose by request. */
export type RequestRouteResource = HTTPRouteResource | GRPCRouteResource;
export type RouteResource = RequestRouteResource | TLSRouteResource | TCPRouteResource;
export type BackendTrafficPolicyResource = Typed<'BackendTrafficPolicy', BackendTrafficPolicySpec>;
export type BackendTLSPolicyResource = Typed<'BackendTLSPolicy', BackendTLSPolicySpec>;
export type PeerAuthenticationResource = Typed<'PeerAuthentication', PeerAuthenticationSpec>;
export type RequestAuthenticationResource = Typed<'RequestAuthentication', RequestAuthenticationSpec>;
export type AuthorizationPolicyResource = Typed<'AuthorizationPolicy', AuthorizationPolicySpec>;
/** Policies for workloads, chosen by label or as those behind a Service. */
export type WorkloadPolicyResource = RequestAuthenticationResource | AuthorizationPolicyResource;
/** The one kind without a `spec`. */
export interface ConfigMapResource {
  readonly apiVersion: (typeof API_VERSIONS)['ConfigMap'];
  readonly kind: 'ConfigMap';
  readonly metadata: Metadata;
  readonly data: Readonly<Record<string, string>>;
}
export type Resource =
  | ServiceResource
  | WorkloadEntryResource
  | WorkloadGroupResource
  | ServiceEntryResource
  | SidecarResource
  | RouteResource
  | HTTPRouteFilterResource
  | BackendTrafficPolicyResource
  | BackendTLSPolicyResource
  | PeerAuthenticationResource
  | WorkloadPolicyResource
  | ConfigMapResource;

export type ResourceOf<K extends Kind> = Extract<Resource, { readonly kind: K }>;

/** `<kind>.<namespace>.<name>`, the key of the `towpath_config` bucket. Names may contain dots, namespaces may not. */
export type ResourceId = `${Kind}.${string}.${string}`;

export interface StoredResource {
  readonly resource: Resource;
  /** Rises by one whenever the content changes. */
  readonly generation: number;
  /** RFC 3339; set once, when the resource first appears. Older routes and policies win ties. */
  readonly creationTimestamp: string;
}

export interface ServiceSpec {
  /** Empty: the Service selects no workload. */
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
  /** Virtual IPs in canonical text; empty until allocated. */
  readonly clusterIPs: readonly string[];
}

export interface ServicePort {
  /** Empty for the single port of a Service that names none. */
  readonly name: string;
  readonly port: number;
  /** A number, or the name of a port of the workload. */
  readonly targetPort: number | string;
  readonly appProtocol?: string | undefined;
}

export interface WorkloadEntrySpec {
  /** IPv4 or IPv6 in canonical text. */
  readonly address: string;
  /** Port name to number; a name equal to the Service port's name beats `targetPort`. */
  readonly ports: Readonly<Record<string, number>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly weight: number;
  readonly locality?: string | undefined;
  readonly serviceAccount?: string | undefined;
}

/** Gateway API, GEP-1897. */
export interface BackendTLSPolicySpec {
  readonly targetRefs: readonly FrontendTarget[];
  readonly validation: {
    /** Either these, or the well-known ones. */
    readonly caCertificateRefs: readonly { readonly group: ''; readonly kind: 'ConfigMap'; readonly name: string }[];
    readonly wellKnownCACertificates?: 'System' | undefined;
    /** SNI, and the name in the certificate unless `subjectAltNames` says otherwise. */
    readonly hostname: string;
    readonly subjectAltNames: readonly SubjectAltName[];
  };
}

export type SubjectAltName =
  | { readonly type: 'Hostname'; readonly hostname: string }
  | { readonly type: 'URI'; readonly uri: string };

export function isRoute(resource: Resource): resource is RouteResource {
  const { kind } = resource;
  return kind === 'HTTPRoute' || kind === 'GRPCRoute' || kind === 'TLSRoute' || kind === 'TCPRoute';
}

/** What a resource says, without its name: under the member that its kind has for it. */
export function contentOf(
  resource: Resource,
): { readonly spec: Record<string, unknown> } | { readonly data: Record<string, unknown> } {
  return resource.kind === 'ConfigMap' ? { data: { ...resource.data } } : { spec: { ...resource.spec } };
}

export function resourceId(resource: Pick<Resource, 'kind' | 'metadata'>): ResourceId {
  return `${resource.kind}.${resource.metadata.namespace}.${resource.metadata.name}`;
}

/** `HTTPRoute shop/orders`: how a resource is called in messages. */
export function resourceTitle(resource: Pick<Resource, 'kind' | 'metadata'>): string {
  return `${resource.kind} ${resource.metadata.namespace}/${resource.metadata.name}`;
}
