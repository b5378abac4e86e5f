/**
 * Control's admission over files: decode, find duplicates, allocate virtual IPs. All or nothing, and pure: the index of
 * before is read, a new one is made.
 */
import type { Problem } from '../../core/errors.ts';
import { err, ok, type Result } from '../../core/result.ts';
import {
  allocatedBefore,
  allocateVirtualIps,
  claims,
  contentOf,
  decodeResources,
  type Resource,
  type ResourceId,
  ResourceIndex,
  resourceId,
  resourceTitle,
  type StoredResource,
  wantsVirtualIps,
  withVirtualIps,
} from '../../resources/index.ts';
import type { ResourceFile } from './list-files.ts';

/**
 * @param before what is in force: it gives creation times (older routes win ties) and allocated virtual IPs, so that a
 *   reload changes nothing that the files do not.
 */
export function admitFiles(
  files: readonly ResourceFile[],
  before: ResourceIndex,
  now: Date,
): Result<ResourceIndex, Problem[]> {
  const decoded = decodeFiles(files);
  if (!decoded.ok) return decoded;
  const index = new ResourceIndex();
  const problems: Problem[] = [];
  for (const resource of inClaimOrder(decoded.value, before)) {
    const allocated = allocateVirtualIps(index, resource);
    if (allocated.ok) index.put(storeAs(allocated.value, before, now));
    else problems.push(...allocated.error);
  }
  return problems.length > 0 ? err(problems) : ok(index);
}

function decodeFiles(files: readonly ResourceFile[]): Result<Resource[], Problem[]> {
  const problems: Problem[] = [];
  const resources: Resource[] = [];
  const origins = new Map<ResourceId, string>();
  for (const { name, text } of files) {
    const decoded = decodeResources(text, name);
    if (!decoded.ok) problems.push(...decoded.error);
    for (const resource of decoded.ok ? decoded.value : []) {
      const first = origins.get(resourceId(resource));
      if (first === undefined) resources.push(resource);
      else problems.push(duplicate(resource, first, name));
      origins.set(resourceId(resource), name);
    }
  }
  return problems.length > 0 ? err(problems) : ok(resources);
}

function duplicate(resource: Resource, first: string, second: string): Problem {
  const message = `this resource is also in ${first}`;
  return { code: 'TWP1004', path: `${second}: ${resourceTitle(resource)}`, message, hint: 'keep one of them' };
}

/** Addresses named in a manifest are claimed first, then those allocated before, then new ones are found. */
function inClaimOrder(resources: readonly Resource[], before: ResourceIndex): Resource[] {
  const kept = resources.map((resource): Resource => {
    if (!wantsVirtualIps(resource)) return resource;
    const earlier = allocatedBefore(before, resource);
    return earlier.length === 0 || claimed(resources, earlier) ? resource : withVirtualIps(resource, earlier);
  });
  const rank = (resource: Resource): number => (wantsVirtualIps(resource) ? 1 : 0);
  return kept.sort((a, b) => rank(a) - rank(b));
}

function claimed(resources: readonly Resource[], addresses: readonly string[]): boolean {
  return resources.some((resource) => claims(resource).some((ip) => addresses.includes(ip)));
}

function storeAs(resource: Resource, before: ResourceIndex, now: Date): StoredResource {
  const earlier = before.get(resourceId(resource));
  if (earlier === undefined) return { resource, generation: 1, creationTimestamp: now.toISOString() };
  const same = JSON.stringify(contentOf(earlier.resource)) === JSON.stringify(contentOf(resource));
  return { ...earlier, resource, generation: same ? earlier.generation : earlier.generation + 1 };
}
