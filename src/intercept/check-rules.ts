/** Whether the wanted rules are in force on this host. Reads only. */
import { buildRules } from './build-rules.ts';
import { compareRules } from './compare-rules.ts';
import { assertRoot, hasFamily, readFirewall } from './firewall.ts';
import { listLeaseSets } from './lease-set.ts';
import { LEASE_SETS } from './names.ts';
import { isAbsent } from './parse-saved.ts';
import { listRoutes, wantedRoutes } from './routes.ts';
import type { Family } from './rule.ts';
import type { InterceptionSettings } from './settings.ts';

export type RuleState =
  | { readonly type: 'in-force' }
  /** Nothing of ours is there: no rule, set or route. */
  | { readonly type: 'absent' }
  /** One sentence fragment per difference, beginning with the address family. */
  | { readonly type: 'drifted'; readonly differences: readonly string[] };

const LABEL: Readonly<Record<Family, string>> = { v4: 'IPv4', v6: 'IPv6' };

export function familiesOf(settings: InterceptionSettings): Family[] {
  return settings.ipv6 ? ['v4', 'v6'] : ['v4'];
}

/** Throws UserError without root or iptables. */
export async function checkRules(settings: InterceptionSettings): Promise<RuleState> {
  assertRoot();
  const wanted = familiesOf(settings);
  const [sets, ...families] = await Promise.all([
    listLeaseSets(),
    ...wanted.map((family) => checkFamily(settings, family)),
  ]);
  const needed = settings.failure === 'open' ? wanted : [];
  const setDifferences = [
    ...needed.filter((f) => !sets.includes(f)).map((f) => `${LABEL[f]}: the set ${LEASE_SETS[f]} is missing`),
    ...sets.filter((f) => !needed.includes(f)).map((f) => `${LABEL[f]}: the set ${LEASE_SETS[f]} should not be there`),
  ];
  const unwanted = settings.ipv6 ? [] : await findLeftovers('v6');
  const differences = [...families.flatMap((family) => family.differences), ...unwanted, ...setDifferences];
  if (differences.length === 0) return { type: 'in-force' };
  if (sets.length + unwanted.length === 0 && families.every((family) => family.isAbsent)) return { type: 'absent' };
  return { type: 'drifted', differences };
}

/** The rules alone, without sets and routes: one program run for each family. */
export async function areRulesInForce(settings: InterceptionSettings): Promise<boolean> {
  const states = await Promise.all(
    familiesOf(settings).map(async (family) => compareRules(buildRules(settings, family), await readFirewall(family))),
  );
  return states.every((differences) => differences.length === 0);
}

interface FamilyState {
  readonly isAbsent: boolean;
  readonly differences: readonly string[];
}

async function checkFamily(settings: InterceptionSettings, family: Family): Promise<FamilyState> {
  const [saved, routes] = await Promise.all([readFirewall(family), listRoutes(family)]);
  const wanted = wantedRoutes(family, settings.virtualIpRanges);
  const differences = [
    ...compareRules(buildRules(settings, family), saved),
    ...wanted.filter((r) => !routes.includes(r)).map((r) => `the route to ${r} is missing`),
    ...routes.filter((r) => !wanted.includes(r)).map((r) => `the route to ${r} should not be there`),
  ];
  return {
    isAbsent: isAbsent(saved) && routes.length === 0,
    differences: differences.map((difference) => `${LABEL[family]}: ${difference}`),
  };
}

/** Rules of a family that the settings switch off. */
async function findLeftovers(family: Family): Promise<string[]> {
  if (!hasFamily(family)) return [];
  const [saved, routes] = await Promise.all([readFirewall(family), listRoutes(family)]);
  return isAbsent(saved) && routes.length === 0 ? [] : [`${LABEL[family]}: our rules should not be there`];
}
