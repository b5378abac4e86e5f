import type { L4ActionView, TlsEntryView } from '../../contract/route-views.ts';
import { keyOf, type ResourceIndex, type Stored } from '../resource-index.ts';
import type { TCPRouteResource, TLSRouteResource } from '../types.ts';
import { type Backend, clusterKey, resolveBackend } from './resolve-backend.ts';

/** `hostnames` of a TLSRoute that has none. */
const EVERY_NAME = ['*'];

/** What the one rule of a TCPRoute or TLSRoute does. Adds the backends that it resolves to `backends`. */
export function compileConnectionAction(
  index: ResourceIndex,
  route: TCPRouteResource | TLSRouteResource,
  backends: Backend[],
): L4ActionView {
  const [rule] = route.spec.rules;
  const views = (rule?.backendRefs ?? []).flatMap((ref): L4ActionView['backends'][number][] => {
    if (ref.weight === 0) return [];
    const backend = resolveBackend(index, route, ref);
    if (backend.ok) backends.push(backend.value);
    return [{ cluster: backend.ok ? clusterKey(backend.value.service, backend.value.port) : null, weight: ref.weight }];
  });
  return {
    route: keyOf(route),
    rule: rule?.name ?? '0',
    backends: views.length === 0 ? [{ cluster: null, weight: 1 }] : views,
  };
}

/**
 * Server names in precedence order: exact ones, then the longest wildcard (Gateway API TLSRouteSpec.hostnames). Of two routes for one
 * name the older has it.
 */
export function compileServerNames(
  index: ResourceIndex,
  routes: readonly Stored<TLSRouteResource>[],
  backends: Backend[],
): TlsEntryView[] {
  const taken = new Map<string, TlsEntryView>();
  for (const { resource } of routes) {
    const free = serverNamesOf(resource).filter((hostname) => !taken.has(hostname));
    if (free.length === 0) continue;
    const action = compileConnectionAction(index, resource, backends);
    for (const hostname of free) taken.set(hostname, { hostname, action });
  }
  return [...taken.values()].sort((a, b) => rankOf(b.hostname) - rankOf(a.hostname) || compareText(a, b));
}

/** The server names that a TLSRoute is for. */
export function serverNamesOf({ spec }: TLSRouteResource): readonly string[] {
  return spec.hostnames.length === 0 ? EVERY_NAME : spec.hostnames;
}

/** No name has more than 253 characters. */
function rankOf(hostname: string): number {
  return hostname.startsWith('*') ? hostname.length : 1000;
}

function compareText(a: TlsEntryView, b: TlsEntryView): number {
  return a.hostname < b.hostname ? -1 : a.hostname > b.hostname ? 1 : 0;
}
