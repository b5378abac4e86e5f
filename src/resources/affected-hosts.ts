import type { Change } from './change.ts';
import { ROOT_NAMESPACE } from './root-namespace.ts';

/** Kinds that say what arrives at the workloads of their namespace. */
const INBOUND_KINDS: ReadonlySet<string> = new Set(['PeerAuthentication']);

/** The namespace whose workloads a change of policies may concern; null: those of the whole mesh. undefined: nobody's. */
export function touchedNamespace(change: Change): string | null | undefined {
  if (change.type !== 'resource') return undefined;
  const resource = change.after ?? change.before;
  if (resource === null || !INBOUND_KINDS.has(resource.kind)) return undefined;
  return resource.metadata.namespace === ROOT_NAMESPACE ? null : resource.metadata.namespace;
}
