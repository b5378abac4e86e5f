import type { Change } from './change.ts';
import { keyOf, type ResourceIndex } from './resource-index.ts';
import { ROOT_NAMESPACE } from './root-namespace.ts';

/** Kinds that say what arrives at the workloads of their namespace. */
const INBOUND_KINDS: ReadonlySet<string> = new Set([
  'PeerAuthentication',
  'RequestAuthentication',
  'AuthorizationPolicy',
]);

const FRONTENDS: ReadonlySet<string> = new Set(['Service', 'ServiceEntry']);

/** The namespace whose workloads a change of policies may concern; null: those of the whole mesh. undefined: nobody's. */
export function touchedNamespace(index: ResourceIndex, change: Change): string | null | undefined {
  if (change.type !== 'resource') return undefined;
  const resource = change.after ?? change.before;
  if (resource === null) return undefined;
  // Who is behind a Service, and on which ports, matters to the policies that name it.
  const isTarget = FRONTENDS.has(resource.kind) && index.workloadPoliciesTargeting(keyOf(resource)).length > 0;
  if (isTarget) return resource.metadata.namespace;
  if (!INBOUND_KINDS.has(resource.kind)) return undefined;
  return resource.metadata.namespace === ROOT_NAMESPACE ? null : resource.metadata.namespace;
}
