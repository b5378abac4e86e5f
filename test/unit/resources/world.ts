/** Short ways to write resources in tests, and arbitrary worlds of them for fast-check. */
import fc from 'fast-check';
import {
  compileService,
  decodeResource,
  EndpointIndex,
  type RegisteredEndpoint,
  type Resource,
  ResourceIndex,
  type ServiceViewBody,
} from '../../../src/resources/index.ts';
import { anyRoute } from './any-route.ts';

export type Manifest = Record<string, unknown>;

export function service(name: string, spec: Manifest = {}, metadata: Manifest = {}): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop', ...metadata },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...spec },
  };
}

export function workload(name: string, spec: Manifest = {}, metadata: Manifest = {}): Manifest {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'WorkloadEntry',
    metadata: { name, namespace: 'shop', ...metadata },
    spec: { address: '10.0.0.1', ...spec },
  };
}

export function serviceEntry(name: string, spec: Manifest, metadata: Manifest = {}): Manifest {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name, namespace: 'shop', ...metadata },
    spec: { hosts: [`${name}.example`], ports: [{ number: 443, name: 'tls', protocol: 'TLS' }], ...spec },
  };
}

export function workloadGroup(name: string, spec: Manifest, metadata: Manifest = {}): Manifest {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'WorkloadGroup',
    metadata: { name, namespace: 'shop', ...metadata },
    spec,
  };
}

export function sidecar(spec: Manifest, metadata: Manifest = {}): Manifest {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Sidecar',
    metadata: { name: 'default', namespace: 'shop', ...metadata },
    spec,
  };
}

export function peerAuthentication(name: string, spec: Manifest, metadata: Manifest = {}): Manifest {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name, namespace: 'shop', ...metadata },
    spec,
  };
}

export function authorizationPolicy(name: string, spec: Manifest, metadata: Manifest = {}): Manifest {
  return { ...peerAuthentication(name, spec, metadata), kind: 'AuthorizationPolicy' };
}

export function requestAuthentication(name: string, jwtRules: unknown, spec: Manifest = {}): Manifest {
  return { ...peerAuthentication(name, { jwtRules, ...spec }), kind: 'RequestAuthentication' };
}

export function route(name: string, rules: unknown, spec: Manifest = {}, metadata: Manifest = {}): Manifest {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace: 'shop', ...metadata },
    spec: { parentRefs: [parent('orders')], rules, ...spec },
  };
}

export function grpcRoute(name: string, rules: unknown, spec: Manifest = {}, metadata: Manifest = {}): Manifest {
  return { ...route(name, rules, spec, metadata), kind: 'GRPCRoute' };
}

/** A TCPRoute whose one rule has these backendRefs. */
export function tcpRoute(name: string, backendRefs: unknown, spec: Manifest = {}, metadata: Manifest = {}): Manifest {
  return { ...route(name, [{ backendRefs }], spec, metadata), kind: 'TCPRoute' };
}

export function tlsRoute(
  name: string,
  hostnames: unknown,
  backendRefs: unknown,
  spec: Manifest = {},
  metadata: Manifest = {},
): Manifest {
  return { ...route(name, [{ backendRefs }], { hostnames, ...spec }, metadata), kind: 'TLSRoute' };
}

export function routeFilter(name: string, spec: Manifest, metadata: Manifest = {}): Manifest {
  return {
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'HTTPRouteFilter',
    metadata: { name, namespace: 'shop', ...metadata },
    spec,
  };
}

/** The filter that refers to an HTTPRouteFilter. */
export function extension(name: string): Manifest {
  return { type: 'ExtensionRef', extensionRef: { group: 'gateway.envoyproxy.io', kind: 'HTTPRouteFilter', name } };
}

export function policy(name: string, target: string, type: string, metadata: Manifest = {}): Manifest {
  return {
    apiVersion: 'towpath.dev/v1',
    kind: 'BackendTrafficPolicy',
    metadata: { name, namespace: 'shop', ...metadata },
    spec: { targetRefs: [{ group: '', kind: 'Service', name: target }], loadBalancer: { type } },
  };
}

export function trafficPolicy(name: string, targetRefs: unknown[], spec: Manifest, metadata: Manifest = {}): Manifest {
  return {
    apiVersion: 'towpath.dev/v1',
    kind: 'BackendTrafficPolicy',
    metadata: { name, namespace: 'shop', ...metadata },
    spec: { targetRefs, ...spec },
  };
}

/** Target of a policy: a route, or one rule of it. */
export function routeTarget(name: string, sectionName?: string, kind = 'HTTPRoute'): Manifest {
  const rule = sectionName === undefined ? {} : { sectionName };
  return { group: 'gateway.networking.k8s.io', kind, name, ...rule };
}

export function tlsPolicy(name: string, target: string, validation: Manifest = {}, ref: Manifest = {}): Manifest {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'BackendTLSPolicy',
    metadata: { name, namespace: 'shop' },
    spec: {
      targetRefs: [parent(target, ref)],
      validation: { hostname: `${target}.example`, caCertificateRefs: [configMapRef('authority')], ...validation },
    },
  };
}

export function configMapRef(name: string): Manifest {
  return { group: '', kind: 'ConfigMap', name };
}

export function configMap(name: string, data: Manifest, metadata: Manifest = {}): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop', ...metadata }, data };
}

/** A self-signed certificate, for tests that need one that can be read. */
export const AUTHORITY_PEM = `-----BEGIN CERTIFICATE-----
MIIBjjCCATWgAwIBAgIUT7CtSHECcSyRrJi0qg4eYTOshpMwCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRRXhhbXBsZSBhdXRob3JpdHkwIBcNMjYxMTIyMjM1ODI1WhgP
MjA4MTA4MjUyMzU4MjVaMBwxGjAYBgNVBAMMEUV4YW1wbGUgYXV0aG9yaXR5MFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElWZhFPGeq0PveKHWTVZ6GYozEmCmN2DJ
ZB3TpzaMP6ukNqi0lvjZ4Fb9YN0mXcmBi73P9vR+P4fbvW9lA6ngUqNTMFEwHQYD
VR0OBBYEFKWtlzuAQw9Ta/A7mj72FbR/4VkoMB8GA1UdIwQYMBaAFKWtlzuAQw9T
a/A7mj72FbR/4VkoMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIg
NDuMVHKSXzpzgJL+tfJtqPfffM5thsjB60iri7a37W4CIAh7P2/q+6yWVMCYmDpo
jMm+1o6fNkcPtytZz9hH17/L
-----END CERTIFICATE-----
`;

export function parent(name: string, more: Manifest = {}): Manifest {
  return { group: '', kind: 'Service', name, ...more };
}

export function endpoint(name: string, more: Partial<RegisteredEndpoint> = {}): RegisteredEndpoint {
  return {
    host: 'h1',
    namespace: 'shop',
    name,
    labels: { app: 'orders' },
    address: '10.0.1.1',
    ports: {},
    weight: 1,
    healthy: true,
    ...more,
  };
}

/** The decoded spec. */
export function specOf(manifest: Manifest): unknown {
  const resource = decode(manifest);
  return 'spec' in resource ? resource.spec : null;
}

/** Decodes, or throws with every problem. */
export function decode(manifest: Manifest): Resource {
  const decoded = decodeResource(manifest, '');
  if (!decoded.ok) throw new Error(decoded.error.map((p) => `${p.path}: ${p.message}`).join('\n'));
  return decoded.value;
}

/** An index of manifests, each one second younger than the one before unless `creationTimestamp` says otherwise. */
export function indexOf(...manifests: (Manifest & { creationTimestamp?: string })[]): ResourceIndex {
  const index = new ResourceIndex();
  for (const [i, { creationTimestamp, ...manifest }] of manifests.entries()) {
    const age = creationTimestamp ?? new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString();
    index.put({ resource: decode(manifest), generation: 1, creationTimestamp: age });
  }
  return index;
}

export function endpointsOf(...endpoints: RegisteredEndpoint[]): EndpointIndex {
  const index = new EndpointIndex();
  for (const registered of endpoints) index.put(registered);
  return index;
}

/** The view of a Service, `shop/orders` unless said otherwise, over these manifests. */
export function viewOf(manifests: Manifest[], endpoints = endpointsOf(), key = 'shop/orders'): ServiceViewBody {
  const view = compileService(indexOf(...manifests), endpoints, key);
  if (view === null) throw new Error(`no view of ${key}`);
  return view;
}

const serviceName = fc.constantFrom('a', 'b', 'c', 'constructor');
const namespace = fc.constantFrom('shop', 'pay');
const labels = fc.dictionary(
  fc.constantFrom('app', 'version', 'constructor', 'toString'),
  fc.constantFrom('x', 'y', 'z'),
  { maxKeys: 3 },
);
const portNumber = fc.constantFrom(80, 81, 8080);
const address = fc.oneof(
  fc.ipV4().filter((ip) => !/^(0|2[2-5]\d)\./.test(ip)),
  fc.integer({ min: 1, max: 50 }).map((n) => `fd00::${n.toString(16)}`),
);
const portSet = fc.uniqueArray(portNumber, { minLength: 1, maxLength: 3 });

const servicePorts = fc
  .tuple(portSet, fc.constantFrom(undefined, 'http', 'tcp', 'grpc', 'tls', 'weird', 'kubernetes.io/h2c'))
  .map(([ports, appProtocol]) =>
    ports.map((port) => ({
      name: `p${port}`,
      port,
      targetPort: port === 81 ? 'http' : 9000,
      ...(appProtocol === undefined ? {} : { appProtocol }),
    })),
  );

const anyService = fc
  .record({
    name: serviceName,
    ns: namespace,
    selector: labels,
    ports: servicePorts,
    vip: fc.integer({ min: 1, max: 9 }),
  })
  .map(({ name, ns, selector, ports, vip }) =>
    service(name, { selector, ports, clusterIPs: [`240.240.0.${vip}`] }, { namespace: ns }),
  );

const anyWorkload = fc
  .record({
    name: fc.constantFrom('w1', 'w2', 'w3'),
    ns: namespace,
    labels,
    address,
    weight: fc.integer({ min: 1, max: 9 }),
    ports: fc.dictionary(fc.constantFrom('p80', 'http', 'constructor'), portNumber),
  })
  .map(({ name, ns, ...spec }) => workload(name, spec, { namespace: ns }));

const anyServiceEntry = fc
  .record({
    name: serviceName,
    ns: namespace,
    hosts: fc.uniqueArray(fc.constantFrom('a.example', 'b.example', '*.example'), { minLength: 1 }),
    addresses: fc.uniqueArray(fc.constantFrom('240.240.0.1', '240.240.0.2', '10.0.0.0/8', '192.0.2.1'), {
      maxLength: 2,
    }),
    ports: portSet,
    how: fc.constantFrom(
      { resolution: 'NONE' },
      { resolution: 'DNS', endpoints: [{ address: 'c.example', ports: { p80: 1 } }, { address: '10.0.0.1' }] },
    ),
    selector: labels.filter((l) => Object.keys(l).length > 0),
    selects: fc.boolean(),
  })
  .map(({ name, ns, hosts, addresses, ports, how, selector, selects }) => {
    const found = selects ? { resolution: 'STATIC', workloadSelector: { labels: selector } } : structuredClone(how);
    const listed = ports.map((number) => ({ number, name: `p${number}`, protocol: number === 81 ? 'TCP' : 'HTTP' }));
    return serviceEntry(name, { hosts, addresses, ports: listed, ...found }, { namespace: ns });
  });

const anyWorkloadGroup = fc
  .record({ ns: namespace, labels, weight: fc.integer({ min: 1, max: 9 }), port: portNumber })
  .map(({ ns, labels: l, weight, port }) =>
    workloadGroup('g', { template: { labels: l, weight }, probe: { tcpSocket: { port } } }, { namespace: ns }),
  );

const anySidecar = fc
  .record({ ns: namespace, mode: fc.constantFrom('ALLOW_ANY', 'REGISTRY_ONLY') })
  .map(({ ns, mode }) => sidecar({ outboundTrafficPolicy: { mode } }, { namespace: ns }));

const mtlsMode = fc.constantFrom('UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT');
const anyPeerAuthentication = fc
  .record({
    name: fc.constantFrom('p1', 'p2'),
    ns: fc.constantFrom('shop', 'pay', 'istio-system'),
    mode: mtlsMode,
    selector: labels,
    port: mtlsMode,
  })
  .map(({ name, ns, mode, selector, port }) => {
    const isWorkload = Object.keys(selector).length > 0;
    const ports = isWorkload ? { selector: { matchLabels: selector }, portLevelMtls: { 9000: { mode: port } } } : {};
    return peerAuthentication(name, { mtls: { mode }, ...ports }, { namespace: ns });
  });

const anyTarget = fc.oneof(
  fc
    .tuple(serviceName, fc.constantFrom(undefined, 'p80', 'p81'))
    .map(([name, sectionName]) => parent(name, sectionName === undefined ? {} : { sectionName })),
  serviceName.map((name) => ({ group: 'networking.istio.io', kind: 'ServiceEntry', name })),
  fc
    .tuple(fc.constantFrom('r1', 'r2'), fc.constantFrom(undefined, 'main'))
    .map(([name, rule]) => routeTarget(name, rule)),
);
/** Settings that Services and routes both have, and some that only Services have. */
const anyPolicy = fc
  .record({
    name: fc.constantFrom('t1', 't2', 't3'),
    targets: fc.uniqueArray(anyTarget, { minLength: 1, maxLength: 3, selector: (ref) => JSON.stringify(ref) }),
    type: fc.constantFrom('RoundRobin', 'Random', 'PeakEWMA'),
    percentage: fc.constantFrom(0, 0.5, 100),
    ns: namespace,
  })
  .map(({ name, targets, type, percentage, ns }) => {
    const faultInjection = { abort: { httpStatus: 503, percentage } };
    const services = targets.every(({ kind }) => kind !== 'HTTPRoute') ? { loadBalancer: { type } } : {};
    return trafficPolicy(name, targets, { faultInjection, ...services }, { namespace: ns });
  });

const anyTlsPolicy = fc
  .record({
    name: fc.constantFrom('s1', 's2'),
    target: fc.constantFrom('a', 'b'),
    port: fc.constantFrom('p80', 'p81', null),
  })
  .map(({ name, target, port }) => tlsPolicy(name, target, {}, port === null ? {} : { sectionName: port }));

const anyConfigMap = fc
  .record({ name: fc.constantFrom('authority', 'other'), data: fc.constantFrom(AUTHORITY_PEM, 'rubbish') })
  .map(({ name, data }) => configMap(name, { 'ca.crt': data }));

/** A valid manifest whose names collide with those of others often enough to matter. */
export const anyManifest: fc.Arbitrary<Manifest> = fc.oneof(
  anyService,
  anyWorkload,
  anyServiceEntry,
  anySidecar,
  anyPeerAuthentication,
  anyWorkloadGroup,
  anyRoute,
  anyPolicy,
  anyTlsPolicy,
  anyConfigMap,
);

export const anyEndpoint: fc.Arbitrary<RegisteredEndpoint> = fc.record({
  host: fc.constantFrom('h1', 'h2'),
  namespace,
  name: fc.constantFrom('e1', 'e2'),
  labels,
  address,
  ports: fc.dictionary(fc.constantFrom('p80', 'http'), portNumber),
  weight: fc.integer({ min: 1, max: 5 }),
  identity: fc.constantFrom(undefined, 'spiffe://td/ns/shop/sa/a', 'spiffe://td/ns/pay/sa/b'),
  healthy: fc.boolean(),
});
