import { hostOfViewKey, serviceOfViewKey } from '../contract/subjects.ts';
import { compileHost, compileService } from '../resources/index.ts';
import type { MeshState } from './mesh-state.ts';

/** What a key of the view bucket shall hold. `leave`: what is there stays, since not all is known yet. */
export type CompiledView =
  | { readonly type: 'write'; readonly body: object }
  | { readonly type: 'remove' }
  | { readonly type: 'leave' };

/**
 * Compiles the view of a service or a host.
 * @param isPublished a host of which nothing is said gets a view only to take the place of one that says something
 */
export function compileView(state: MeshState, key: string, isPublished: boolean): CompiledView {
  const host = hostOfViewKey(key);
  if (host !== null) return compileHostView(state, host, isPublished);
  const service = serviceOfViewKey(key);
  // Somebody else's: not ours to touch.
  if (service === null) return { type: 'leave' };
  const body = compileService(state.resources, state.endpoints, service);
  return body === null ? { type: 'remove' } : { type: 'write', body };
}

function compileHostView({ resources, endpoints, hosts }: MeshState, host: string, isPublished: boolean): CompiledView {
  if (hosts.isForgotten(host)) return { type: 'remove' };
  const workloads = hosts.of(host);
  if (workloads === null) return { type: 'leave' };
  const body = compileHost(resources, workloads, ({ metadata, spec }) => {
    const serving = endpoints.select(metadata.namespace, spec.selector).filter(({ healthy }) => healthy);
    return new Set(serving.map((endpoint) => endpoint.host)).size;
  });
  const { workloads: said, ...rest } = body;
  const isEmpty = said.length === 0 && Object.keys(rest).length === 0;
  return isEmpty && !isPublished ? { type: 'leave' } : { type: 'write', body };
}
