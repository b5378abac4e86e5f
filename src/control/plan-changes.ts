/** Pure: what a request to apply or delete comes to, before anything is written. All of it is possible, or nothing is done. */
import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '../core/errors.ts';
import { err, ok, type Result } from '../core/result.ts';
import {
  allocateVirtualIps,
  contentOf,
  type Resource,
  type ResourceId,
  type ResourceIndex,
  resourceId,
  type StoredResource,
} from '../resources/index.ts';

export type PlannedChange =
  | {
      readonly type: 'put';
      readonly id: ResourceId;
      readonly outcome: 'created' | 'updated';
      readonly stored: StoredResource;
    }
  | { readonly type: 'unchanged'; readonly id: ResourceId; readonly stored: StoredResource }
  | { readonly type: 'delete'; readonly id: ResourceId; readonly generation: number }
  | { readonly type: 'not-found'; readonly id: ResourceId };

/**
 * The stored form of each resource. `generation` rises only when the spec changes; `creationTimestamp` (`now`, RFC 3339)
 * is set once. New Services get virtual IPs; each is chosen in the sight of those before it in the same request.
 */
export function planApply(
  index: ResourceIndex,
  resources: readonly Resource[],
  now: string,
): Result<PlannedChange[], Problem[]> {
  const problems: Problem[] = [];
  const changes: PlannedChange[] = [];
  const undo: (() => void)[] = [];
  for (const resource of resources) {
    const allocated = allocateVirtualIps(index, resource);
    if (!allocated.ok) {
      problems.push(...allocated.error);
      continue;
    }
    const change = planOne(index, allocated.value, now);
    changes.push(change);
    if (change.type === 'put') undo.push(putForNow(index, change.stored));
  }
  for (const step of undo.reverse()) step();
  return problems.length > 0 ? err(problems) : ok(changes);
}

function planOne(index: ResourceIndex, resource: Resource, now: string): PlannedChange {
  const id = resourceId(resource);
  const before = index.get(id);
  const stored = nextStored(before, resource, now);
  if (before === undefined) return { type: 'put', id, outcome: 'created', stored };
  if (isDeepStrictEqual(before.resource, resource)) return { type: 'unchanged', id, stored: before };
  return { type: 'put', id, outcome: 'updated', stored };
}

/** The successor of what was stored before. */
export function nextStored(before: StoredResource | undefined, resource: Resource, now: string): StoredResource {
  if (before === undefined) return { resource, generation: 1, creationTimestamp: now };
  const sameSpec = isDeepStrictEqual(contentOf(before.resource), contentOf(resource));
  return {
    resource,
    generation: sameSpec ? before.generation : before.generation + 1,
    creationTimestamp: before.creationTimestamp,
  };
}

function putForNow(index: ResourceIndex, stored: StoredResource): () => void {
  const id = resourceId(stored.resource);
  const before = index.get(id);
  index.put(stored);
  return () => {
    if (before === undefined) index.delete(id);
    else index.put(before);
  };
}

export function planDelete(index: ResourceIndex, ids: readonly ResourceId[]): PlannedChange[] {
  return [...new Set(ids)].map((id): PlannedChange => {
    const before = index.get(id);
    return before === undefined ? { type: 'not-found', id } : { type: 'delete', id, generation: before.generation };
  });
}

/** Runs a look at the index as it would be with the changes; afterwards it is as before. */
export function withPlanned<T>(index: ResourceIndex, changes: readonly PlannedChange[], look: () => T): T {
  const undo = changes.map((change) => makeForNow(index, change));
  try {
    return look();
  } finally {
    for (const step of undo.reverse()) step();
  }
}

function makeForNow(index: ResourceIndex, change: PlannedChange): () => void {
  switch (change.type) {
    case 'put':
      return putForNow(index, change.stored);
    case 'delete':
      return deleteForNow(index, change.id);
    case 'unchanged':
    case 'not-found':
      return () => {};
  }
}

function deleteForNow(index: ResourceIndex, id: ResourceId): () => void {
  const before = index.get(id);
  index.delete(id);
  return () => {
    if (before !== undefined) index.put(before);
  };
}
