import type { DirectoryEntry, ServiceKey } from '../../contract/views.ts';
import type { Change } from '../change.ts';
import type { ResourceIndex } from '../resource-index.ts';
import { ownedAddresses, ownedHosts, ownedVirtualIps } from '../virtual-ip-owner.ts';

/** What every agent knows of every service, sorted by namespace and name. */
export function compileDirectory(index: ResourceIndex): DirectoryEntry[] {
  return index.frontendKeys().flatMap((key) => compileDirectoryEntry(index, key) ?? []);
}

/** What every agent knows of one Service or ServiceEntry; null when it does not exist. Costs nothing for the others. */
export function compileDirectoryEntry(index: ResourceIndex, key: ServiceKey): DirectoryEntry | null {
  const frontend = index.frontend(key)?.resource;
  if (frontend === undefined) return null;
  const { namespace, name } = frontend.metadata;
  const hosts = ownedHosts(index, frontend);
  const addresses = ownedAddresses(index, frontend);
  return {
    namespace,
    name,
    virtualIps: ownedVirtualIps(index, frontend),
    ports: frontend.spec.ports.map(({ port }) => port).sort((a, b) => a - b),
    ...(hosts.length === 0 ? {} : { hosts }),
    ...(addresses.length === 0 ? {} : { addresses }),
  };
}

const DIRECTORY_KINDS: ReadonlySet<string> = new Set(['Service', 'ServiceEntry']);

/** True when a change may alter directory entries: those of the affected services. */
export function touchesDirectory(change: Change): boolean {
  if (change.type !== 'resource') return false;
  return [change.before, change.after].some((resource) => resource !== null && DIRECTORY_KINDS.has(resource.kind));
}
