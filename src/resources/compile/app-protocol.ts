import type { AppProtocol } from '../../contract/views.ts';
import type { RouteResource, ServicePort } from '../types.ts';

/** Kubernetes' own names (KEP-3726), Istio's names, and common protocols that are certainly not HTTP. */
const PROTOCOLS: ReadonlyMap<string, AppProtocol> = new Map([
  ['http', 'http1'],
  ['kubernetes.io/ws', 'http1'],
  ['http2', 'http2'],
  ['kubernetes.io/h2c', 'http2'],
  ['grpc', 'grpc'],
  ['grpc-web', 'http1'],
  ['tls', 'tls'],
  ['https', 'tls'],
  ['kubernetes.io/wss', 'tls'],
  ['tcp', 'tcp'],
  ['mongo', 'tcp'],
  ['mysql', 'tcp'],
  ['postgresql', 'tcp'],
  ['redis', 'tcp'],
]);

/** What `appProtocol` declares; a port without one, or with one that we do not know, is sniffed (`auto`). */
export function protocolOf(port: ServicePort): AppProtocol {
  return PROTOCOLS.get(port.appProtocol?.toLowerCase() ?? '') ?? 'auto';
}

/** True when `appProtocol` is set to a name that has no meaning here. */
export function isUnknownProtocol(port: ServicePort): boolean {
  return port.appProtocol !== undefined && !PROTOCOLS.has(port.appProtocol.toLowerCase());
}

/** What routes of each kind can act on. Everything is bytes; TLS and HTTP must not be declared to be something else. */
const CARRIERS: Readonly<Record<RouteResource['kind'], readonly AppProtocol[]>> = {
  HTTPRoute: ['auto', 'http1', 'http2', 'grpc'],
  GRPCRoute: ['auto', 'http2', 'grpc'],
  TLSRoute: ['auto', 'tls', 'tcp'],
  TCPRoute: ['auto', 'http1', 'http2', 'grpc', 'tls', 'tcp'],
};
const WORDS: Readonly<Record<RouteResource['kind'], string>> = {
  HTTPRoute: 'HTTP',
  GRPCRoute: 'gRPC',
  TLSRoute: 'TLS',
  TCPRoute: 'TCP',
};

/** False for ports whose bytes are declared to be what routes of the kind cannot read. */
export function carries(kind: RouteResource['kind'], port: ServicePort): boolean {
  return CARRIERS[kind].includes(protocolOf(port));
}

/** `declared tcp, which is not HTTP`. */
export function declaredOtherwise(kind: RouteResource['kind'], port: ServicePort): string {
  return `declared ${port.appProtocol}, which is not ${WORDS[kind]}`;
}
