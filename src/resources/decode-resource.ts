import { closestWord } from '../core/closest-word.ts';
import type { Problem } from '../core/errors.ts';
import { err, ok, type Result } from '../core/result.ts';
import { joinPath, problemsOf, z } from '../core/schema.ts';
import { MAX_DEPTH } from '../core/yaml.ts';
import { CODES } from './codes.ts';
import { adviceOnKind } from './foreign-kinds.ts';
import { authorizationPolicyMetadata, authorizationPolicySpec } from './schema/authorization-policy.ts';
import { backendTLSPolicySpec } from './schema/backend-tls-policy.ts';
import { backendTrafficPolicySpec } from './schema/backend-traffic-policy.ts';
import { configMapFields } from './schema/config-map.ts';
import { ignored } from './schema/fields.ts';
import { grpcRouteSpec } from './schema/grpc-route.ts';
import { httpRouteSpec } from './schema/http-route.ts';
import { httpRouteFilterSpec } from './schema/http-route-filter.ts';
import { tcpRouteSpec, tlsRouteSpec } from './schema/l4-routes.ts';
import { labelNamedMetadata, metadata, metadataNamed } from './schema/metadata.ts';
import { peerAuthenticationSpec } from './schema/peer-authentication.ts';
import { requestAuthenticationSpec } from './schema/request-authentication.ts';
import { serviceSpec } from './schema/service.ts';
import { serviceEntrySpec } from './schema/service-entry.ts';
import { sidecarName, sidecarSpec } from './schema/sidecar.ts';
import { workloadEntrySpec } from './schema/workload-entry.ts';
import { workloadGroupSpec } from './schema/workload-group.ts';
import { API_VERSIONS, type ConfigMapResource, KINDS, type Kind, type Metadata, type Resource } from './types.ts';

/** Older versions with the same schema are accepted and stored as the first of their list. */
const ACCEPTED_VERSIONS = {
  Service: ['v1'],
  WorkloadEntry: ['networking.istio.io/v1', 'networking.istio.io/v1beta1', 'networking.istio.io/v1alpha3'],
  WorkloadGroup: ['networking.istio.io/v1', 'networking.istio.io/v1beta1', 'networking.istio.io/v1alpha3'],
  ServiceEntry: ['networking.istio.io/v1', 'networking.istio.io/v1beta1', 'networking.istio.io/v1alpha3'],
  Sidecar: ['networking.istio.io/v1', 'networking.istio.io/v1beta1', 'networking.istio.io/v1alpha3'],
  HTTPRoute: ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'],
  GRPCRoute: ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1alpha2'],
  TLSRoute: [
    'gateway.networking.k8s.io/v1',
    'gateway.networking.k8s.io/v1alpha3',
    'gateway.networking.k8s.io/v1alpha2',
  ],
  TCPRoute: ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1alpha2'],
  HTTPRouteFilter: ['gateway.envoyproxy.io/v1alpha1'],
  BackendTrafficPolicy: ['towpath.dev/v1'],
  BackendTLSPolicy: ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1alpha3'],
  PeerAuthentication: ['security.istio.io/v1', 'security.istio.io/v1beta1'],
  RequestAuthentication: ['security.istio.io/v1', 'security.istio.io/v1beta1'],
  AuthorizationPolicy: ['security.istio.io/v1', 'security.istio.io/v1beta1'],
  ConfigMap: ['v1'],
} as const satisfies Record<Kind, readonly [string, ...string[]]>;

function manifest<K extends Exclude<Kind, 'ConfigMap'>, S>(
  kind: K,
  metadataSchema: z.ZodType<Metadata>,
  specSchema: z.ZodType<S>,
) {
  return z
    .strictObject({
      apiVersion: z.enum(ACCEPTED_VERSIONS[kind]),
      kind: z.literal(kind as Kind),
      metadata: metadataSchema,
      spec: specSchema as z.ZodType<unknown>,
      status: ignored,
    })
    .transform(({ metadata, spec }) => ({ apiVersion: API_VERSIONS[kind], kind, metadata, spec: spec as S }));
}

const configMapManifest = z
  .strictObject({
    apiVersion: z.enum(ACCEPTED_VERSIONS.ConfigMap),
    kind: z.literal('ConfigMap'),
    metadata,
    ...configMapFields,
  })
  .transform(({ apiVersion, kind, metadata, data }): ConfigMapResource => ({ apiVersion, kind, metadata, data }));

const MANIFESTS: Record<Kind, z.ZodType<Resource>> = {
  Service: manifest('Service', labelNamedMetadata, serviceSpec),
  WorkloadEntry: manifest('WorkloadEntry', metadata, workloadEntrySpec),
  WorkloadGroup: manifest('WorkloadGroup', metadata, workloadGroupSpec),
  ServiceEntry: manifest('ServiceEntry', labelNamedMetadata, serviceEntrySpec),
  Sidecar: manifest('Sidecar', metadataNamed(sidecarName), sidecarSpec),
  HTTPRoute: manifest('HTTPRoute', metadata, httpRouteSpec),
  GRPCRoute: manifest('GRPCRoute', metadata, grpcRouteSpec),
  TLSRoute: manifest('TLSRoute', metadata, tlsRouteSpec),
  TCPRoute: manifest('TCPRoute', metadata, tcpRouteSpec),
  HTTPRouteFilter: manifest('HTTPRouteFilter', metadata, httpRouteFilterSpec),
  BackendTrafficPolicy: manifest('BackendTrafficPolicy', metadata, backendTrafficPolicySpec),
  BackendTLSPolicy: manifest('BackendTLSPolicy', metadata, backendTLSPolicySpec),
  PeerAuthentication: manifest('PeerAuthentication', metadata, peerAuthenticationSpec),
  RequestAuthentication: manifest('RequestAuthentication', metadata, requestAuthenticationSpec),
  AuthorizationPolicy: manifest('AuthorizationPolicy', authorizationPolicyMetadata, authorizationPolicySpec),
  ConfigMap: configMapManifest,
};

/** What a manifest of a kind looks like, `apiVersion` and all: the source of the reference (docs/reference.md). */
export function manifestSchema(kind: Kind): z.ZodType<Resource> {
  return MANIFESTS[kind];
}

/**
 * One manifest as a resource with defaults applied, or everything that is wrong with it.
 * Strict: a field that is not known, or known and not supported, is a problem. `source` (a file name, say) begins every
 * path; it may be empty. Never throws, whatever the value is.
 */
export function decodeResource(value: unknown, source: string): Result<Resource, Problem[]> {
  const plain = withoutNulls(value, 0);
  if (!plain.ok) return err([{ ...plain.error, ...(source === '' ? {} : { path: source }) }]);
  const kind = kindOf(plain.value);
  const title = joinWords(source, titleOf(plain.value));
  if (!kind.ok) return err([{ ...kind.error, path: joinPath(title, ['kind']) }]);
  const parsed = MANIFESTS[kind.value].safeParse(plain.value);
  return parsed.success ? ok(parsed.data) : err(problemsOf(parsed.error, title));
}

function kindOf(value: unknown): Result<Kind, Problem> {
  const kind = memberOf(value, 'kind');
  const known = KINDS.find((k) => k === kind);
  if (known !== undefined) return ok(known);
  if (typeof kind !== 'string') {
    return err({ code: CODES.schemaValidation, message: `a resource needs a kind (${KINDS.join(', ')})` });
  }
  const advice = adviceOnKind(kind);
  if (advice !== null)
    return err({ code: CODES.unsupportedKind, message: `the kind "${kind}" is not supported: ${advice}` });
  const near = closestWord(kind, KINDS);
  return err({
    code: CODES.unsupportedKind,
    message: `the kind ${JSON.stringify(kind.slice(0, 60))} is not supported`,
    hint: near === null ? `supported kinds: ${KINDS.join(', ')}` : `did you mean ${near}?`,
  });
}

/** `HTTPRoute shop/orders` as far as the value tells. */
function titleOf(value: unknown): string {
  const kind = memberOf(value, 'kind');
  const metadata = memberOf(value, 'metadata');
  const name = memberOf(metadata, 'name');
  const namespace = memberOf(metadata, 'namespace') ?? 'default';
  // Not String(): an object may bring a toString of its own that is no function.
  const home = typeof namespace === 'string' ? namespace : '?';
  const words = [kind, typeof name === 'string' ? `${home}/${name}` : null];
  return words
    .filter((word) => typeof word === 'string')
    .map((word) => word.slice(0, 330))
    .join(' ');
}

function joinWords(source: string, title: string): string {
  return [source, title].filter((word) => word !== '').join(': ');
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/**
 * A copy of plain data without the members that are null (`creationTimestamp: null` means absent). Nesting beyond what
 * any manifest has is refused before anything recursive sees it, and so is the key `__proto__`.
 */
function withoutNulls(value: unknown, depth: number): Result<unknown, Problem> {
  if (typeof value !== 'object' || value === null) return ok(value);
  if (depth >= MAX_DEPTH) return err({ code: CODES.limitExceeded, message: `nested deeper than ${MAX_DEPTH} levels` });
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) {
      const copy = withoutNulls(item, depth + 1);
      if (!copy.ok) return copy;
      items.push(copy.value);
    }
    return ok(items);
  }
  const members: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    if (name === '__proto__')
      return err({ code: CODES.schemaValidation, message: 'the key "__proto__" is not allowed' });
    if (member === null || member === undefined) continue;
    const copy = withoutNulls(member, depth + 1);
    if (!copy.ok) return copy;
    members[name] = copy.value;
  }
  return ok(members);
}
