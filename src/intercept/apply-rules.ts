/** Puts the rules in force: all of them or none. */
import { UserError } from '../core/errors.ts';
import { rememberSettings } from './applied-settings.ts';
import { buildRules } from './build-rules.ts';
import { checkRules, familiesOf } from './check-rules.ts';
import { compareRules } from './compare-rules.ts';
import { assertFamily, assertRoot, changeFirewall, hasFamily, testChange } from './firewall.ts';
import { createLeaseSet, destroyLeaseSet } from './lease-set.ts';
import { type Change, planApply } from './plan-change.ts';
import { removeFamily, removeFromOtherBackend } from './remove-rules.ts';
import { applyRoutes, wantedRoutes } from './routes.ts';
import type { Family } from './rule.ts';
import type { InterceptionSettings } from './settings.ts';
import { restoreSnapshot, type Snapshot, takeSnapshot } from './snapshot.ts';
import { validateSettings } from './validate-settings.ts';

/** Somebody else may change rules between our look and our commit; then we look again. */
const TRIES = 3;

/**
 * Applies the rules of every wanted family in one commit each; rules that are in force already are not touched. When any step
 * fails, everything is put back as it was and a UserError says why. The lease set is made empty: with `failure: open` nothing
 * is redirected until an agent refreshes the lease.
 */
export async function applyRules(settings: InterceptionSettings): Promise<void> {
  const problems = validateSettings(settings);
  if (problems.length > 0) throw new UserError(problems);
  assertRoot();
  for (const family of familiesOf(settings)) assertFamily(family);
  for (let left = TRIES; ; left--) {
    const differences = await applyOnce(settings);
    if (differences.length === 0) break;
    if (left === 1) {
      const message = `the rules were changed by somebody else while they were applied: ${differences.join('; ')}`;
      throw new UserError({
        code: 'TWP1305',
        message,
        hint: 'find out what else manages iptables here, then try again',
      });
    }
  }
  rememberSettings(settings);
}

/** Returns what is still different afterwards. */
async function applyOnce(settings: InterceptionSettings): Promise<readonly string[]> {
  const before = await takeSnapshot((['v4', 'v6'] as const).filter(hasFamily));
  try {
    await change(settings, before);
  } catch (error) {
    await putBack(before, error);
    throw error;
  }
  const state = await checkRules(settings);
  if (state.type === 'in-force') return [];
  return state.type === 'drifted' ? state.differences : ['they are gone'];
}

async function change(settings: InterceptionSettings, before: Snapshot): Promise<void> {
  const changes: { family: Family; change: Change }[] = [];
  const isOpen = settings.failure === 'open';
  const families = familiesOf(settings);
  const wantedFamilies = before.families.filter(({ family }) => families.includes(family));
  for (const { family, firewall } of wantedFamilies) {
    await removeFromOtherBackend(family, firewall);
    if (isOpen) await createLeaseSet(family);
    const wanted = buildRules(settings, family);
    if (compareRules(wanted, firewall).length > 0) changes.push({ family, change: planApply(wanted, firewall) });
  }
  for (const { family, change } of changes) await testChange(family, change);
  for (const { family, change } of changes) await changeFirewall(family, change);
  for (const { family } of wantedFamilies) {
    await applyRoutes(family, wantedRoutes(family, settings.virtualIpRanges));
    if (!isOpen) await destroyLeaseSet(family);
  }
  if (!settings.ipv6) await removeFamily('v6');
}

async function putBack(before: Snapshot, cause: unknown): Promise<void> {
  try {
    await restoreSnapshot(before);
  } catch (error) {
    const message = `${(cause as Error).message}; and putting the former rules back failed too: ${(error as Error).message}`;
    throw new UserError({ code: 'TWP1305', message, hint: 'towpath intercept remove takes away all of ours' });
  }
}
