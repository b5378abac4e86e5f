/** Manifests in short: the Services that a group needs, and routes on them. Everything is in the namespace `mesh`. */

export const NAMESPACE = 'mesh';
export const CONSUMER = 'mesh-consumer';

/** Ports of the echo servers, by what they speak there. */
const PORTS = `
  - { name: http, port: 80, targetPort: 8080, appProtocol: http }
  - { name: http-8080, port: 8080, appProtocol: http }
  - { name: h2c, port: 8082, appProtocol: kubernetes.io/h2c }
  - { name: grpc, port: 7070, appProtocol: grpc }
  - { name: tcp, port: 9090, appProtocol: tcp }
  - { name: tls, port: 443, targetPort: 8443, appProtocol: tls }
  - { name: https, port: 8444, appProtocol: http }
  - { name: ws, port: 8081, targetPort: 8080, appProtocol: kubernetes.io/ws }`;

/** A Service over all echo servers, or over those of one version. */
export function service(name: string, version?: string): string {
  const selector = version === undefined ? '{ app: echo }' : `{ app: echo, version: ${version} }`;
  return `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  selector: ${selector}
  ports:${PORTS}
---`;
}

/** The Services that every group may use as backends. */
export const BACKENDS = ['v1', 'v2', 'v3'].map((version) => service(`echo-${version}`, version)).join('');

export type RouteKind = 'HTTPRoute' | 'GRPCRoute' | 'TCPRoute' | 'TLSRoute';

/** A route on a Service; `rules` is YAML in flow style, `more` further members of the spec. */
export function route(
  name: string,
  parents: string,
  rules: string,
  kind: RouteKind = 'HTTPRoute',
  namespace = NAMESPACE,
  more = '',
): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  parentRefs: ${parents}
  ${more}
  rules: ${rules}
---`;
}

/** A parentRef to a Service of the namespace. */
export function parent(name: string, more = ''): string {
  return `[{ group: "", kind: Service, name: ${name}${more === '' ? '' : `, ${more}`} }]`;
}

/** A rule for a prefix, with its filters and one backend. */
export function prefixRule(prefix: string, filters: string, backend = 'echo-v1', more = ''): string {
  return `{ matches: [{ path: { type: PathPrefix, value: ${prefix} } }]${filters === '' ? '' : `, filters: [${filters}]`}, backendRefs: [{ name: ${backend}, port: 8080 }]${more} }`;
}

/** A rule for a prefix that is redirected. */
export function redirectRule(prefix: string, redirect: string): string {
  return `{ matches: [{ path: { type: PathPrefix, value: ${prefix} } }], filters: [{ type: RequestRedirect, requestRedirect: { ${redirect} } }] }`;
}

export function rules(...list: readonly string[]): string {
  return `\n${list.map((rule) => `  - ${rule}`).join('\n')}`;
}
