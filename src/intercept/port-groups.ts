/** Packs ports for the multiport match, which takes at most 15 numbers, a range counting as two. Pure. */
import type { PortRange } from './settings.ts';

const MULTIPORT_LIMIT = 15;

/** The same ports in the same order, in groups that fit one rule each. */
export function groupPorts(ranges: readonly PortRange[]): PortRange[][] {
  const groups: PortRange[][] = [];
  let room = 0;
  for (const range of ranges) {
    const size = range.from === range.to ? 1 : 2;
    const last = groups.at(-1);
    if (last === undefined || size > room) {
      groups.push([range]);
      room = MULTIPORT_LIMIT - size;
    } else {
      last.push(range);
      room -= size;
    }
  }
  return groups;
}
