import { type Frontend, resourceOf, type StoredFrontend } from './frontend.ts';
import { compareIps, isAllocatable } from './ip-address.ts';
import { olderFirst } from './older-first.ts';
import { keyOf } from './relations.ts';
import type { ResourceIndex } from './resource-index.ts';
import { resourceTitle } from './types.ts';

/**
 * The frontend that an address leads to. Admission refuses a second claim, but a store edited by hand may hold one: the
 * oldest keeps the address, so that a newcomer can never take traffic away. One that lost its name owns nothing.
 */
export function virtualIpOwner(index: ResourceIndex, ip: string): StoredFrontend | undefined {
  return oldest(index, index.frontendsWithVirtualIp(ip));
}

/** The frontend that a host name of ServiceEntries leads to: the oldest. */
export function hostOwner(index: ResourceIndex, host: string): StoredFrontend | undefined {
  return oldest(index, index.frontendsWithHost(host));
}

function oldest(index: ResourceIndex, rivals: StoredFrontend[]): StoredFrontend | undefined {
  const named = rivals.filter(({ resource }) => index.frontend(keyOf(resource))?.resource.kind === resource.kind);
  return named.sort(olderFirst)[0];
}

/** The virtual IPs that are really the frontend's, IPv4 first. */
export function ownedVirtualIps(index: ResourceIndex, frontend: Frontend): string[] {
  const claimed =
    frontend.kind === 'Service' ? frontend.spec.clusterIPs : frontend.entry.spec.addresses.filter(isAllocatable);
  return claimed.filter((ip) => owns(frontend, virtualIpOwner(index, ip))).sort(compareIps);
}

/** The other addresses and ranges of a ServiceEntry, IPv4 first. */
export function ownedAddresses(index: ResourceIndex, frontend: Frontend): string[] {
  if (frontend.kind === 'Service') return [];
  return frontend.entry.spec.addresses
    .filter((address) => !isAllocatable(address) && owns(frontend, virtualIpOwner(index, address)))
    .sort(compareIps);
}

/** The hosts of a ServiceEntry that lead to it, sorted. */
export function ownedHosts(index: ResourceIndex, frontend: Frontend): string[] {
  if (frontend.kind === 'Service') return [];
  return frontend.entry.spec.hosts.filter((host) => owns(frontend, hostOwner(index, host))).sort();
}

function owns(frontend: Frontend, owner: StoredFrontend | undefined): boolean {
  return owner?.resource.kind === frontend.kind && keyOf(owner.resource) === keyOf(frontend);
}

/** `240.240.0.9 belongs to the older Service shop/orders`. */
export function lostClaimSentence({ claim, owner }: LostClaim): string {
  return `${claim} belongs to the older ${resourceTitle(resourceOf(owner.resource))}`;
}

/** What a frontend asks for and does not get. */
export function lostClaims(index: ResourceIndex, frontend: Frontend): LostClaim[] {
  const resource = resourceOf(frontend);
  const named = index.frontend(keyOf(frontend));
  if (named !== undefined && named.resource.kind !== frontend.kind)
    return [{ field: 'name', claim: keyOf(frontend), owner: named }];
  const losses = (field: LostClaim['field'], claims: readonly string[], ownerOf: typeof hostOwner): LostClaim[] =>
    claims.flatMap((claim, i) => {
      const owner = ownerOf(index, claim);
      return owner === undefined || owns(frontend, owner) ? [] : [{ field, position: i, claim, owner }];
    });
  return resource.kind === 'Service'
    ? losses('clusterIPs', resource.spec.clusterIPs, virtualIpOwner)
    : [
        ...losses('addresses', resource.spec.addresses, virtualIpOwner),
        ...losses('hosts', resource.spec.hosts, hostOwner),
      ];
}

export interface LostClaim {
  readonly field: 'name' | 'clusterIPs' | 'addresses' | 'hosts';
  /** In the list of that name. */
  readonly position?: number;
  readonly claim: string;
  readonly owner: StoredFrontend;
}
