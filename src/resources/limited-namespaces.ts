import type { Change } from './change.ts';
import { keyOf, type ResourceIndex } from './resource-index.ts';
import type { Resource } from './types.ts';

/**
 * Namespaces whose hosts have views of their own that a change may alter. What nobody limits costs nothing: most changes of endpoints
 * touch no host.
 */
export function limitedNamespaces(index: ResourceIndex, change: Change): string[] {
  const found = new Set<string>();
  if (change.type === 'endpoint') {
    for (const endpoint of [change.before, change.after]) {
      if (endpoint === null) continue;
      const { namespace, labels } = endpoint;
      if (index.servicesSelecting(namespace, labels).some((key) => isLimited(index, key))) found.add(namespace);
    }
  } else {
    for (const resource of [change.before, change.after]) {
      if (resource !== null && concernsHosts(index, resource)) found.add(resource.metadata.namespace);
    }
  }
  return [...found];
}

function concernsHosts(index: ResourceIndex, resource: Resource): boolean {
  if (resource.kind === 'BackendTrafficPolicy') return true;
  return resource.kind === 'Service' && isLimited(index, keyOf(resource));
}

/** Shares of a global limit depend on how many hosts there are. */
function isLimited(index: ResourceIndex, key: string): boolean {
  return index.policiesTargeting(key).some(({ resource }) => resource.spec.rateLimit !== undefined);
}
