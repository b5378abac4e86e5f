import type { DirectoryEntry } from '../../contract/views.ts';
import type { ResourceIndex } from '../resource-index.ts';
import { ownedVirtualIps } from '../virtual-ip-owner.ts';

/** What every agent knows of every service, sorted by namespace and name. */
export function compileDirectory(index: ResourceIndex): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  for (const { resource } of index.list('Service')) {
    const key = `${resource.metadata.namespace}/${resource.metadata.name}`;
    const stored = index.service(key);
    if (stored === undefined) continue;
    const { metadata, spec } = stored.resource;
    entries.push({
      namespace: metadata.namespace,
      name: metadata.name,
      virtualIps: ownedVirtualIps(index, stored),
      ports: spec.ports.map(({ port }) => port).sort((a, b) => a - b),
    });
  }
  return entries;
}
