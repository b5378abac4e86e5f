/** What putting a backup in force comes to. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '../core/errors.ts';
import { err, ok, type Result } from '../core/result.ts';
import {
  allocateVirtualIps,
  contentOf,
  decodeResource,
  ResourceIndex,
  resourceId,
  resourceTitle,
  type StoredResource,
} from '../resources/index.ts';
import type { PlannedChange } from './plan-changes.ts';
import { keptFacts } from './stored-form.ts';

const MAX_PROBLEMS = 100;

/** Manifests of a backup as resources with the generation and time of creation that they had; `now` where one has none. All, or every problem. */
export function decodeBackup(manifests: readonly unknown[], now: string): Result<StoredResource[], Problem[]> {
  const problems: Problem[] = [];
  const index = new ResourceIndex();
  for (const manifest of [...manifests.filter(namesAddresses), ...manifests.filter((one) => !namesAddresses(one))]) {
    const decoded = decodeResource(manifest, '');
    const admitted = decoded.ok ? allocateVirtualIps(index, decoded.value) : decoded;
    if (!admitted.ok) {
      problems.push(...admitted.error);
      continue;
    }
    if (index.get(resourceId(admitted.value)) !== undefined) {
      const message = 'this resource is in the backup twice';
      problems.push({ code: 'TWP1004', message, path: resourceTitle(admitted.value) });
    }
    const { generation, creationTimestamp } = keptFacts(manifest);
    const stored = { generation: generation ?? 1, creationTimestamp: creationTimestamp ?? now };
    index.put({ resource: admitted.value, ...stored });
  }
  return problems.length > 0 ? err(problems.slice(0, MAX_PROBLEMS)) : ok(index.list());
}

/** Virtual IPs that the backup names are claimed before new ones are found. */
function namesAddresses(manifest: unknown): boolean {
  return JSON.stringify(manifest)?.includes('"clusterIP') === true;
}

/** Everything that is not in the backup is deleted. What it has gets its age back; a generation never goes backwards. */
export function planRestore(index: ResourceIndex, backup: readonly StoredResource[]): PlannedChange[] {
  const ids = new Set(backup.map(({ resource }) => resourceId(resource)));
  const removed = index.list().flatMap(({ resource, generation }): PlannedChange[] => {
    const id = resourceId(resource);
    return ids.has(id) ? [] : [{ type: 'delete', id, generation }];
  });
  return [...removed, ...backup.map((stored) => planOne(index, stored))];
}

function planOne(index: ResourceIndex, stored: StoredResource): PlannedChange {
  const id = resourceId(stored.resource);
  const before = index.get(id);
  if (before === undefined) return { type: 'put', id, outcome: 'created', stored };
  const sameSpec = isDeepStrictEqual(contentOf(before.resource), contentOf(stored.resource));
  const generation = Math.max(stored.generation, sameSpec ? before.generation : before.generation + 1);
  const next = { ...stored, generation };
  return isDeepStrictEqual(before, next)
    ? { type: 'unchanged', id, stored: before }
    : { type: 'put', id, outcome: 'updated', stored: next };
}
