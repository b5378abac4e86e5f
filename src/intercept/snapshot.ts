/** What of ours is on the host, so that a change can be taken back. */
import { changeFirewall, readFirewall } from './firewall.ts';
import { createLeaseSet, destroyLeaseSet, listLeaseSets } from './lease-set.ts';
import type { SavedState } from './parse-saved.ts';
import { planRestore } from './plan-change.ts';
import { applyRoutes, listRoutes } from './routes.ts';
import type { Family } from './rule.ts';

/** Plain data: it is also written to a file while `apply --confirm` waits. */
export interface Snapshot {
  readonly sets: readonly Family[];
  readonly families: readonly FamilySnapshot[];
}

interface FamilySnapshot {
  readonly family: Family;
  readonly firewall: SavedState;
  readonly routes: readonly string[];
}

export async function takeSnapshot(families: readonly Family[]): Promise<Snapshot> {
  const [sets, ...states] = await Promise.all([
    listLeaseSets(),
    ...families.map(async (family): Promise<FamilySnapshot> => {
      const [firewall, routes] = await Promise.all([readFirewall(family), listRoutes(family)]);
      return { family, firewall, routes };
    }),
  ]);
  return { sets, families: states };
}

/** Brings the host back to the snapshot: sets that rules need first, then rules, routes, and sets that were not there last. */
export async function restoreSnapshot(snapshot: Snapshot): Promise<void> {
  for (const family of snapshot.sets) await createLeaseSet(family);
  for (const { family, firewall, routes } of snapshot.families) {
    const change = planRestore(firewall, await readFirewall(family));
    if (change !== undefined) await changeFirewall(family, change);
    await applyRoutes(family, routes);
  }
  for (const { family } of snapshot.families) {
    if (!snapshot.sets.includes(family)) await destroyLeaseSet(family);
  }
}
