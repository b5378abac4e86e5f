import type { DirectoryEntry, ServiceKey } from '../../contract/views.ts';
import { keyOf, type ResourceIndex } from '../resource-index.ts';
import { ownedVirtualIps } from '../virtual-ip-owner.ts';

/** What every agent knows of every service, sorted by namespace and name. */
export function compileDirectory(index: ResourceIndex): DirectoryEntry[] {
  return index.list('Service').flatMap(({ resource }) => compileDirectoryEntry(index, keyOf(resource)) ?? []);
}

/** What every agent knows of one service; null when it does not exist. Costs nothing for the others. */
export function compileDirectoryEntry(index: ResourceIndex, key: ServiceKey): DirectoryEntry | null {
  const stored = index.service(key);
  if (stored === undefined) return null;
  const { metadata, spec } = stored.resource;
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    virtualIps: ownedVirtualIps(index, stored),
    ports: spec.ports.map(({ port }) => port).sort((a, b) => a - b),
  };
}
