import type { Problem } from '../core/errors.ts';
import { ok, type Result } from '../core/result.ts';
import { allocateVirtualIps, resourceId, type StoredResource } from '../resources/index.ts';
import type { MeshState } from './mesh-state.ts';
import { nextStored } from './plan-changes.ts';
import { decodeStored } from './stored-form.ts';

/** A record of the bucket `towpath_config` as the resource that it would be in force as. */
export function admitRecord(state: MeshState, key: string, data: Uint8Array): Result<StoredResource, Problem[]> {
  const read = decodeStored(key, data);
  if (!read.ok) return read;
  const allocated = allocateVirtualIps(state.resources, read.value.resource);
  if (!allocated.ok) return allocated;
  const before = state.resources.get(resourceId(allocated.value));
  const now = state.creationTime(Date.now());
  if (before !== undefined) return ok(nextStored(before, allocated.value, now));
  const { generation, creationTimestamp } = read.value;
  return ok({ resource: allocated.value, generation: generation ?? 1, creationTimestamp: creationTimestamp ?? now });
}
