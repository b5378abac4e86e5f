/**
 * Decoded resources. They keep the field names of the manifests, with defaults applied, so that a decoded resource
 * written as JSON or YAML is itself a manifest that decodes to the same value.
 */
import type { BackendTrafficPolicySpec } from './policy-types.ts';

export const KINDS = [
  'Service',
  'WorkloadEntry',
  'HTTPRoute',
  'BackendTrafficPolicy',
  'BackendTLSPolicy',
  'ConfigMap',
] as const;
export type Kind = (typeof KINDS)[number];

/** The one `apiVersion` that each kind is stored with. */
export const API_VERSIONS = {
  Service: 'v1',
  WorkloadEntry: 'networking.istio.io/v1',
  HTTPRoute: 'gateway.networking.k8s.io/v1',
  BackendTrafficPolicy: 'towpath.dev/v1',
  BackendTLSPolicy: 'gateway.networking.k8s.io/v1',
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
export type HTTPRouteResource = Typed<'HTTPRoute', HTTPRouteSpec>;
export type BackendTrafficPolicyResource = Typed<'BackendTrafficPolicy', BackendTrafficPolicySpec>;
export type BackendTLSPolicyResource = Typed<'BackendTLSPolicy', BackendTLSPolicySpec>;
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
  | HTTPRouteResource
  | BackendTrafficPolicyResource
  | BackendTLSPolicyResource
  | ConfigMapResource;

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

export interface HTTPRouteSpec {
  readonly parentRefs: readonly ParentRef[];
  /** Not interpreted in a mesh (GEP-1294); kept so that analysis can warn. */
  readonly hostnames: readonly string[];
  readonly rules: readonly HTTPRouteRule[];
}

export interface ParentRef {
  readonly group: '';
  readonly kind: 'Service';
  readonly name: string;
  /** Absent: the route's own namespace. */
  readonly namespace?: string | undefined;
  /** The name of one port of the Service. */
  readonly sectionName?: string | undefined;
  readonly port?: number | undefined;
}

export interface HTTPRouteRule {
  readonly name?: string | undefined;
  readonly matches: readonly HTTPRouteMatch[];
  readonly filters: readonly HTTPRouteFilter[];
  /** Empty: the parent Service itself. */
  readonly backendRefs: readonly HTTPBackendRef[];
  readonly timeouts?: { readonly request?: string | undefined } | undefined;
}

export interface HTTPRouteMatch {
  readonly path: { readonly type: 'Exact' | 'PathPrefix'; readonly value: string };
  readonly method?: string | undefined;
  readonly headers: readonly ExactMatch[];
  readonly queryParams: readonly ExactMatch[];
}

export interface ExactMatch {
  readonly type: 'Exact';
  readonly name: string;
  readonly value: string;
}

export interface HTTPRouteFilter {
  readonly type: 'RequestHeaderModifier';
  readonly requestHeaderModifier: HeaderModifier;
}

export interface HeaderModifier {
  readonly set: readonly { readonly name: string; readonly value: string }[];
  readonly add: readonly { readonly name: string; readonly value: string }[];
  readonly remove: readonly string[];
}

export interface HTTPBackendRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  /** Absent: the route's own namespace. */
  readonly namespace?: string | undefined;
  /** Always there when the kind is Service. */
  readonly port?: number | undefined;
  /** 0 to 1000000; the share is weight / sum of the rule's weights. */
  readonly weight: number;
  readonly filters: readonly HTTPRouteFilter[];
}

/** Gateway API, GEP-1897. */
export interface BackendTLSPolicySpec {
  readonly targetRefs: readonly {
    readonly group: '';
    readonly kind: 'Service';
    readonly name: string;
    /** The name of one port; absent: all ports. */
    readonly sectionName?: string | undefined;
  }[];
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
