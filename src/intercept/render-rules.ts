/** The rules as input for `iptables-restore --noflush` and `ip6tables-restore --noflush`, for a host that has none of ours. Pure. */
import { buildRules, type RuleSet } from './build-rules.ts';
import { type Family, type Rule, renderRule } from './rule.ts';
import type { InterceptionSettings } from './settings.ts';

/** Same settings, same text. `v6` is empty when IPv6 is switched off. */
export function renderRules(settings: InterceptionSettings): { v4: string; v6: string } {
  const render = (family: Family): string => renderTransaction(bodyOf(buildRules(settings, family), []));
  return { v4: render('v4'), v6: settings.ipv6 ? render('v6') : '' };
}

/**
 * The lines of one nat transaction: declaring a chain makes it or empties it, then `cleanup` takes away what is left of
 * earlier rules, then come the rules, and the jumps last.
 */
export function bodyOf(ruleSet: RuleSet, cleanup: readonly string[]): string[] {
  return [
    ...ruleSet.chains.map((chain) => `:${chain} - [0:0]`),
    ...cleanup,
    ...ruleSet.rules.map((rule) => `-A ${rule.chain} ${renderRule(rule)}`),
    ...ruleSet.jumps.map((rule) => `-I ${rule.chain} ${placeOf(rule, ruleSet.jumps) + 1} ${renderRule(rule)}`),
  ];
}

/** From 0: which of our entries in its chain it is. */
export function placeOf(jump: Rule, jumps: readonly Rule[]): number {
  return jumps.filter(({ chain }) => chain === jump.chain).indexOf(jump);
}

export function renderTransaction(lines: readonly string[]): string {
  return ['*nat', ...lines, 'COMMIT', ''].join('\n');
}
