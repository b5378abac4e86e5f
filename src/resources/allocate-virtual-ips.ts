import { createHash } from 'node:crypto';
import type { Problem } from '../core/errors.ts';
import { err, ok, type Result } from '../core/result.ts';
import { CODES } from './codes.ts';
import { canonicalIp } from './ip-address.ts';
import { keyOf, type ResourceIndex } from './resource-index.ts';
import { type Resource, resourceTitle, type ServiceResource } from './types.ts';

/** 240.240.0.0/16 without its first and last address. */
const V4_ADDRESSES = 65_534;
/** Collisions in 96 bits do not happen by chance; give up rather than loop. */
const V6_TRIES = 1000;

/**
 * A Service with its virtual IPs: those the manifest names; else those it has already in the index; else one free
 * address in 240.240.0.0/16 and one in fd00:240::/32, found from a hash of `<namespace>/<name>`. Store the result, so that the
 * addresses stay. Other kinds come back as they are. Refused: an address that belongs to another Service; a full range.
 */
export function allocateVirtualIps<R extends Resource>(index: ResourceIndex, resource: R): Result<R, Problem[]> {
  if (resource.kind !== 'Service') return ok(resource);
  const service: ServiceResource = resource;
  if (service.spec.clusterIPs.length > 0) {
    const problems = service.spec.clusterIPs.flatMap((ip, i) => claimProblems(index, service, ip, i));
    return problems.length > 0 ? err(problems) : ok(resource);
  }
  const present = index.service(keyOf(service))?.resource.spec.clusterIPs ?? [];
  const addresses =
    present.length > 0 ? present : [findFreeV4(index, keyOf(service)), findFreeV6(index, keyOf(service))];
  const clusterIPs = addresses.filter((ip) => ip !== null);
  if (clusterIPs.length < addresses.length) return err([fullProblem(service)]);
  return ok({ ...resource, spec: { ...service.spec, clusterIPs } });
}

function claimProblems(index: ResourceIndex, service: ServiceResource, ip: string, position: number): Problem[] {
  const other = index.servicesWithVirtualIp(ip).find(({ resource }) => keyOf(resource) !== keyOf(service));
  if (other === undefined) return [];
  return [
    {
      code: CODES.virtualIpConflict,
      message: `${ip} already belongs to ${resourceTitle(other.resource)}`,
      path: `${resourceTitle(service)}: spec.clusterIPs[${position}]`,
      hint: 'choose another address, or leave clusterIPs out',
    },
  ];
}

function fullProblem(service: ServiceResource): Problem {
  return {
    code: CODES.virtualIpConflict,
    message: 'no virtual IP is free in 240.240.0.0/16',
    path: `${resourceTitle(service)}: spec.clusterIPs`,
    hint: 'name an address of your own under clusterIPs',
  };
}

function findFreeV4(index: ResourceIndex, key: string): string | null {
  const start = createHash('sha256').update(key).digest().readUInt32BE(0);
  for (let i = 0; i < V4_ADDRESSES; i++) {
    const host = ((start + i) % V4_ADDRESSES) + 1;
    const ip = `240.240.${host >> 8}.${host & 255}`;
    if (index.servicesWithVirtualIp(ip).length === 0) return ip;
  }
  return null;
}

/** fd00:240::/32, the other 96 bits from the hash. */
function findFreeV6(index: ResourceIndex, key: string): string | null {
  for (let i = 0; i < V6_TRIES; i++) {
    const hash = createHash('sha256').update(`${key} ${i}`).digest('hex').slice(0, 24);
    const ip = canonicalIp(`fd00:240:${hash.match(/.{4}/g)?.join(':')}`);
    if (ip !== null && index.servicesWithVirtualIp(ip).length === 0) return ip;
  }
  return null;
}
