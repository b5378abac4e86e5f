/** Takes every trace of interception off the host. Needs no settings: what is ours is known by its name. */
import { forgetSettings } from './applied-settings.ts';
import { assertRoot, type Backend, changeFirewall, hasFamily, otherBackend, readFirewall } from './firewall.ts';
import { destroyLeaseSet } from './lease-set.ts';
import type { SavedState } from './parse-saved.ts';
import { planRelease, planRemove } from './plan-change.ts';
import { removeRoutes } from './routes.ts';
import type { Family } from './rule.ts';

const TRIES = 3;

/** Chains, rules, routes and sets of both families and both iptables backends. Nothing there is no error. Throws UserError. */
export async function removeRules(): Promise<void> {
  assertRoot();
  await removeFamily('v4');
  await removeFamily('v6');
  forgetSettings();
}

/** Removes one family; does nothing on a kernel or a host without it. */
export async function removeFamily(family: Family): Promise<void> {
  if (!hasFamily(family)) return;
  const saved = await readFirewall(family);
  await removeFrom(family, 'iptables', saved);
  await removeFromOtherBackend(family, saved);
  await removeRoutes(family);
  await destroyLeaseSet(family);
}

/** Rules of ours in the backend that is not the host's choice (any more) would redirect a second time. */
export async function removeFromOtherBackend(family: Family, saved: SavedState): Promise<void> {
  const other = await otherBackend(family, saved);
  if (other !== undefined) await removeFrom(family, other, await readFirewall(family, other));
}

/** Stops capturing new connections; those already redirected live until `removeRules`. */
export async function releaseRules(families: readonly Family[]): Promise<void> {
  for (const family of families) {
    const change = planRelease(await readFirewall(family));
    if (change !== undefined) await changeFirewall(family, change);
  }
}

async function removeFrom(family: Family, backend: Backend, first: SavedState): Promise<void> {
  let saved = first;
  for (let left = TRIES; left > 0; left--) {
    const change = planRemove(saved);
    if (change === undefined) return;
    try {
      await changeFirewall(family, change, backend);
      return;
    } catch (error) {
      // A rule that we meant to delete may just have been deleted by somebody else: look again.
      if (left === 1) throw error;
    }
    saved = await readFirewall(family, backend);
  }
}
