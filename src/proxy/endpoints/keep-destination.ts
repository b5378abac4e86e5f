/** Where connections of clusters that keep their destination go (ServiceEntry with resolution NONE). */
import type { SockAddr } from '../../reactor/socket-address.ts';
import type { Cluster } from './cluster.ts';
import type { Endpoint } from './endpoint.ts';
import type { EndpointStore } from './endpoint-store.ts';

/** The original destination, with the cluster's TLS; null: it is not known, or virtual, which is nowhere. */
export function destinationAsEndpoint(
  outbound: EndpointStore,
  { settings }: Cluster,
  destination: SockAddr | null,
): Endpoint | null {
  if (destination === null || isVirtual(destination)) return null;
  return outbound.get(destination, outbound.securedBy(settings.tls));
}

/** The ranges that control allocates from: 240.240.0.0/16 and fd00:240::/32 (resources/allocate-virtual-ips.ts). */
export function isVirtual({ family, a }: SockAddr): boolean {
  return family === 4 ? a >>> 16 === 0xf0f0 : a === 0xfd000240;
}
