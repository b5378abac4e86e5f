import type { DirectoryView } from '../../contract/views.ts';
import type { Change } from '../change.ts';
import type { ResourceIndex } from '../resource-index.ts';

/**
 * What the programs of each namespace may dial that is no service: the modes of the Sidecars, by namespace in order. undefined: nothing is
 * said, so everything may be dialled.
 */
export function compileEgress(index: ResourceIndex): DirectoryView['egress'] {
  const modes = index.sidecars().flatMap(({ resource }) => {
    const mode = resource.spec.outboundTrafficPolicy?.mode;
    // ALLOW_ANY is what holds without a Sidecar: it need not be told.
    return mode === 'REGISTRY_ONLY' ? [[resource.metadata.namespace, { mode }] as const] : [];
  });
  if (modes.length === 0) return undefined;
  return Object.fromEntries(modes.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** True when a change may alter what programs may dial. */
export function touchesEgress(change: Change): boolean {
  if (change.type !== 'resource') return false;
  return change.before?.kind === 'Sidecar' || change.after?.kind === 'Sidecar';
}
