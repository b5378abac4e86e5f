/** What differs between two plain values, field by field. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { formatPath } from './schema.ts';

/** A member that is absent on one side was added, or removed. */
export interface FieldChange {
  /** `spec.rules[0].timeouts.request`; empty: the whole value. Places in lists are those of the new list, for what was removed of the old one. */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/**
 * The smallest parts that changed, in the order of the fields; at most `limit` of them. Lists are compared from both ends, so that an
 * entry put in or taken out is one change.
 */
export function diffValues(before: unknown, after: unknown, limit: number): FieldChange[] {
  const found: FieldChange[] = [];
  compare(before, after, [], (change) => {
    if (found.length < limit) found.push(change);
  });
  return found;
}

type Add = (change: FieldChange) => void;
type Path = readonly PropertyKey[];

function compare(before: unknown, after: unknown, path: Path, add: Add): void {
  if (isDeepStrictEqual(before, after)) return;
  if (Array.isArray(before) && Array.isArray(after)) return compareLists(before, after, path, add);
  if (isMap(before) && isMap(after)) return compareMaps(before, after, path, add);
  add({
    path: formatPath(path),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  });
}

function compareMaps(before: PlainMap, after: PlainMap, path: Path, add: Add): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    compare(own(before, name), own(after, name), [...path, name], add);
  }
}

/** What both begin and end with is left out; the rest is compared one by one, and what is left over was put in or taken out. */
function compareLists(before: readonly unknown[], after: readonly unknown[], path: Path, add: Add): void {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && isDeepStrictEqual(before[start], after[start])) start++;
  let end = 0;
  while (end < shorter - start && isDeepStrictEqual(before.at(-1 - end), after.at(-1 - end))) end++;
  const old = before.slice(start, before.length - end);
  const fresh = after.slice(start, after.length - end);
  for (let i = 0; i < Math.max(old.length, fresh.length); i++) compare(old[i], fresh[i], [...path, start + i], add);
}

type PlainMap = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is PlainMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(map: PlainMap, name: string): unknown {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}
