import { createHash } from 'node:crypto';
import type { Problem } from '../core/errors.ts';
import { err, ok, type Result } from '../core/result.ts';
import { CODES } from './codes.ts';
import { canonicalIp, isAllocatable } from './ip-address.ts';
import { keyOf } from './relations.ts';
import type { ResourceIndex } from './resource-index.ts';
import { type Resource, resourceId, resourceTitle, type ServiceEntryResource, type ServiceResource } from './types.ts';

/** 240.240.0.0/16 without its first and last address. */
const V4_ADDRESSES = 65_534;
/** Collisions in 96 bits do not happen by chance; give up rather than loop. */
const V6_TRIES = 1000;

/**
 * A Service or ServiceEntry with its virtual IPs: those the manifest names; else those it has already in the index; else one free
 * address in 240.240.0.0/16 and one in fd00:240::/32, found from a hash of `<namespace>/<name>`. Store the result, so that the
 * addresses stay. Other kinds come back as they are. Refused: an address that belongs to another; a full range.
 */
export function allocateVirtualIps<R extends Resource>(index: ResourceIndex, resource: R): Result<R, Problem[]> {
  if (resource.kind !== 'Service' && resource.kind !== 'ServiceEntry') return ok(resource);
  const frontend: ServiceResource | ServiceEntryResource = resource;
  const claimed = claims(frontend);
  if (claimed.length > 0) {
    const problems = claimed.flatMap((ip, i) => claimProblems(index, frontend, ip, i));
    return problems.length > 0 ? err(problems) : ok(resource);
  }
  if (!wantsVirtualIps(frontend)) return ok(resource);
  const key = keyOf(frontend);
  const present = allocatedBefore(index, frontend);
  const addresses = present.length > 0 ? present : [findFreeV4(index, key), findFreeV6(index, key)];
  const found = addresses.filter((ip) => ip !== null);
  if (found.length < addresses.length) return err([fullProblem(frontend)]);
  return ok(withVirtualIps(resource, found));
}

/** Whether addresses are allocated when the manifest names none. A name that cannot be asked for, or that keeps its own address, needs none. */
export function wantsVirtualIps(resource: Resource): boolean {
  if (resource.kind === 'Service') return resource.spec.clusterIPs.length === 0;
  if (resource.kind !== 'ServiceEntry') return false;
  const { addresses, hosts, resolution } = resource.spec;
  return addresses.length === 0 && resolution !== 'NONE' && hosts.some((host) => !host.startsWith('*'));
}

/** What an earlier version of the resource was given, for one that names no addresses. */
export function allocatedBefore(index: ResourceIndex, resource: Resource): readonly string[] {
  const before = index.get(resourceId(resource))?.resource;
  if (before?.kind === 'Service') return before.spec.clusterIPs;
  return before?.kind === 'ServiceEntry' && before.spec.addresses.every(isAllocatable) ? before.spec.addresses : [];
}

/** The addresses and ranges that a manifest names. */
export function claims(resource: Resource): readonly string[] {
  if (resource.kind === 'Service') return resource.spec.clusterIPs;
  return resource.kind === 'ServiceEntry' ? resource.spec.addresses : [];
}

/** The same resource with these addresses. */
export function withVirtualIps<R extends Resource>(resource: R, addresses: readonly string[]): R {
  if (resource.kind === 'Service') return { ...resource, spec: { ...resource.spec, clusterIPs: addresses } };
  return resource.kind === 'ServiceEntry' ? { ...resource, spec: { ...resource.spec, addresses } } : resource;
}

function fieldOf(resource: ServiceResource | ServiceEntryResource): 'clusterIPs' | 'addresses' {
  return resource.kind === 'Service' ? 'clusterIPs' : 'addresses';
}

function claimProblems(
  index: ResourceIndex,
  frontend: ServiceResource | ServiceEntryResource,
  ip: string,
  position: number,
): Problem[] {
  const other = index.frontendsWithVirtualIp(ip).find(({ resource }) => keyOf(resource) !== keyOf(frontend));
  if (other === undefined) return [];
  return [
    {
      code: CODES.virtualIpConflict,
      message: `${ip} already belongs to ${resourceTitle(other.resource)}`,
      path: `${resourceTitle(frontend)}: spec.${fieldOf(frontend)}[${position}]`,
      hint: `choose another address, or leave ${fieldOf(frontend)} out`,
    },
  ];
}

function fullProblem(frontend: ServiceResource | ServiceEntryResource): Problem {
  return {
    code: CODES.virtualIpConflict,
    message: 'no virtual IP is free in 240.240.0.0/16',
    path: `${resourceTitle(frontend)}: spec.${fieldOf(frontend)}`,
    hint: `name an address of your own under ${fieldOf(frontend)}`,
  };
}

function findFreeV4(index: ResourceIndex, key: string): string | null {
  const start = createHash('sha256').update(key).digest().readUInt32BE(0);
  for (let i = 0; i < V4_ADDRESSES; i++) {
    const host = ((start + i) % V4_ADDRESSES) + 1;
    const ip = `240.240.${host >> 8}.${host & 255}`;
    if (index.frontendsWithVirtualIp(ip).length === 0) return ip;
  }
  return null;
}

/** fd00:240::/32, the other 96 bits from the hash. */
function findFreeV6(index: ResourceIndex, key: string): string | null {
  for (let i = 0; i < V6_TRIES; i++) {
    const hash = createHash('sha256').update(`${key} ${i}`).digest('hex').slice(0, 24);
    const ip = canonicalIp(`fd00:240:${hash.match(/.{4}/g)?.join(':')}`);
    if (ip !== null && index.frontendsWithVirtualIp(ip).length === 0) return ip;
  }
  return null;
}
