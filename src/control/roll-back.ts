import { isDeepStrictEqual } from 'node:util';
import type { BucketEntry, BusMessage } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import type { ChangeReply } from '../contract/messages.ts';
import { rollbackRequestSchema } from '../contract/operator-messages.ts';
import type { Resource, ResourceId, StoredResource } from '../resources/index.ts';
import { changeAll } from './change-resources.ts';
import type { ControlParts } from './control-parts.ts';
import { type PlannedChange, planApply } from './plan-changes.ts';
import { rejectRequest } from './reject-request.ts';
import { idOf, keptVersions, rejectRevision } from './resource-history.ts';
import { decodeStored, type ReadResource } from './stored-form.ts';

/**
 * `control.resource.rollback`: puts an earlier version in force again, as a new change that is admitted as any other: without `to`, the newest
 * that says something else than what is in force. A resource that was deleted comes back as old as it was, so that it has the same precedence.
 */
export async function rollBack(parts: ControlParts, request: BusMessage): Promise<ChangeReply> {
  const body = decodeJson(request.data, rollbackRequestSchema, MAX_RECORD_BYTES);
  if (!body.ok) return rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
  const { to, ...reference } = body.value;
  const id = idOf(reference);
  return changeAll(parts, request, 'rollback', async () => {
    const kept = await keptVersions(parts, id);
    const version = to === undefined ? newestOther(parts, id, kept) : versionAt(id, kept, to);
    return [revive(planOne(parts, version.resource), kept, id, version)];
  });
}

function versionAt(id: ResourceId, kept: readonly BucketEntry[], revision: number): ReadResource {
  const entry = kept.find((one) => one.revision === revision) ?? rejectRevision(id, revision);
  if (entry.deleted) {
    const message = `revision ${revision} of ${id} is its deletion`;
    return rejectRequest(409, [{ code: 'TWP1018', message, hint: 'to delete it, use towpath delete' }]);
  }
  const read = decodeStored(id, entry.data);
  return read.ok ? read.value : rejectRequest(409, read.error);
}

function newestOther(parts: ControlParts, id: ResourceId, kept: readonly BucketEntry[]): ReadResource {
  const current = parts.state.resources.get(id)?.resource;
  for (const entry of kept) {
    const read = entry.deleted ? null : decodeStored(id, entry.data);
    if (read?.ok === true && !isSame(read.value.resource, current)) return read.value;
  }
  const message = `${id} has no earlier version to go back to`;
  return rejectRequest(409, [{ code: 'TWP1018', message, hint: 'to take it away, use towpath delete' }]);
}

/** A plain manifest in the store has no virtual IPs yet: that alone makes no other version. */
function isSame(old: Resource, current: Resource | undefined): boolean {
  if (current?.kind !== 'Service' || old.kind !== 'Service') return isDeepStrictEqual(old, current);
  const { clusterIPs } = old.spec.clusterIPs.length === 0 ? current.spec : old.spec;
  return isDeepStrictEqual({ ...old, spec: { ...old.spec, clusterIPs } }, current);
}

function planOne(parts: ControlParts, resource: Resource): PlannedChange {
  const plan = planApply(parts.state.resources, [resource], parts.state.creationTime(Date.now()));
  if (!plan.ok) return rejectRequest(409, plan.error);
  const [change] = plan.value;
  if (change === undefined) throw new Error('a plan for one resource is empty');
  return change;
}

/** What was deleted goes on where it ended: with its age, and a generation of its own. */
function revive(
  change: PlannedChange,
  kept: readonly BucketEntry[],
  id: ResourceId,
  { creationTimestamp }: ReadResource,
): PlannedChange {
  if (change.type !== 'put' || change.outcome !== 'created') return change;
  const generations = kept.map((entry) => {
    const read = entry.deleted ? null : decodeStored(id, entry.data);
    return read?.ok === true ? (read.value.generation ?? 0) : 0;
  });
  const stored: StoredResource = {
    ...change.stored,
    generation: Math.max(...generations) + 1,
    creationTimestamp: creationTimestamp ?? change.stored.creationTimestamp,
  };
  return { ...change, stored };
}
