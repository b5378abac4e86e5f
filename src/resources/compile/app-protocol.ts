import type { AppProtocol } from '../../contract/views.ts';
import type { ServicePort } from '../types.ts';

/** Kubernetes' own names (KEP-3726), Istio's names, and common protocols that are certainly not HTTP. */
const PROTOCOLS: ReadonlyMap<string, AppProtocol> = new Map([
  ['http', 'http1'],
  ['kubernetes.io/ws', 'http1'],
  ['http2', 'http2'],
  ['kubernetes.io/h2c', 'http2'],
  ['grpc', 'grpc'],
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

/** False for ports whose bytes are declared not to be readable as HTTP: no HTTPRoute can act on them. */
export function carriesHttp(port: ServicePort): boolean {
  const protocol = protocolOf(port);
  return protocol !== 'tcp' && protocol !== 'tls';
}
