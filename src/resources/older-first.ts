import type { Metadata } from './types.ts';

interface Aged {
  readonly resource: { readonly metadata: Metadata };
  readonly creationTimestamp: string;
}

/** Order of conflict resolution in the Gateway API: oldest first, then by `<namespace>/<name>`. */
export function olderFirst(a: Aged, b: Aged): number {
  const keyA = keyOf(a);
  const keyB = keyOf(b);
  return creationTime(a) - creationTime(b) || (keyA < keyB ? -1 : keyA > keyB ? 1 : 0);
}

/** A time that cannot be read counts as the youngest of all, so that the order stays total. */
function creationTime(stored: Aged): number {
  const time = Date.parse(stored.creationTimestamp);
  return Number.isNaN(time) ? Number.MAX_SAFE_INTEGER : time;
}

function keyOf({ resource: { metadata } }: Aged): string {
  return `${metadata.namespace}/${metadata.name}`;
}
