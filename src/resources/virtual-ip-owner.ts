import { olderFirst } from './compile/attach-routes.ts';
import { compareIps } from './ip-address.ts';
import { keyOf, type ResourceIndex, type Stored } from './resource-index.ts';
import type { ServiceResource } from './types.ts';

/**
 * The Service that an address leads to. Admission refuses a second claim, but a store edited by hand may hold one: the
 * oldest Service keeps the address, so that a newcomer can never take traffic away.
 */
export function virtualIpOwner(index: ResourceIndex, ip: string): Stored<ServiceResource> | undefined {
  return index.servicesWithVirtualIp(ip).sort(olderFirst)[0];
}

/** The virtual IPs that are really the Service's, IPv4 first. */
export function ownedVirtualIps(index: ResourceIndex, service: Stored<ServiceResource>): string[] {
  const key = keyOf(service.resource);
  return service.resource.spec.clusterIPs
    .filter((ip) => {
      const owner = virtualIpOwner(index, ip);
      return owner !== undefined && keyOf(owner.resource) === key;
    })
    .sort(compareIps);
}
