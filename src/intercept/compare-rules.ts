/** Wanted rules against those in force. Pure. */
import type { RuleSet } from './build-rules.ts';
import type { SavedRule, SavedState } from './parse-saved.ts';
import { placeOf } from './render-rules.ts';
import { type Rule, renderRule } from './rule.ts';

/** One sentence fragment per difference; empty when the wanted rules, and nothing else of ours, are in force. */
export function compareRules(wanted: RuleSet, saved: SavedState): string[] {
  return [
    ...wanted.chains.flatMap((chain) => compareChain(chain, wanted.rules, saved)),
    ...saved.chains
      .filter((chain) => !wanted.chains.includes(chain))
      .map((chain) => `chain ${chain} should not be there`),
    ...wanted.jumps.flatMap((jump) => compareJump(jump, placeOf(jump, wanted.jumps), saved.jumps)),
    ...saved.jumps.filter((rule) => !wanted.jumps.some((jump) => isSame(jump, rule))).map(strayJump),
  ];
}

function compareChain(chain: string, rules: readonly Rule[], saved: SavedState): string[] {
  if (!saved.chains.includes(chain)) return [`chain ${chain} is missing`];
  const wanted = rules.filter((rule) => rule.chain === chain).map(renderRule);
  const found = saved.rules.filter((rule) => rule.chain === chain).map((rule) => rule.text);
  const wantedKeys = wanted.map(normalise);
  const foundKeys = found.map(normalise);
  if (wantedKeys.join('\n') === foundKeys.join('\n')) return [];
  const missing = wanted.filter((_, i) => !foundKeys.includes(wantedKeys[i] ?? ''));
  const extra = found.filter((_, i) => !wantedKeys.includes(foundKeys[i] ?? ''));
  if (missing.length + extra.length === 0) return [`chain ${chain} has its rules in another order or more than once`];
  return [
    ...missing.map((text) => `chain ${chain} lacks the rule ${text}`),
    ...extra.map((text) => `chain ${chain} has a foreign rule ${text}`),
  ];
}

/** @param place where it must stand: first, or right behind our entries before it */
function compareJump(jump: Rule, place: number, saved: readonly SavedRule[]): string[] {
  const found = saved.filter((rule) => isSame(jump, rule));
  const [first] = found;
  const name = jump.protocol === 'udp' ? `${jump.chain} (DNS)` : jump.chain;
  if (first === undefined) return [`${name} does not lead to our rules`];
  if (found.length > 1) return [`${name} leads to our rules ${found.length} times`];
  if (first.index === place) return [];
  const above = first.index - saved.filter((rule) => rule.chain === jump.chain && rule.index < first.index).length;
  if (above > 0) return [`${name} has ${above} foreign rules above ours`];
  // Too early: the one that should be above is named instead.
  return first.index < place ? [] : [`${name} has our rules in another order`];
}

function strayJump(rule: SavedRule): string {
  return `${rule.chain} has an unknown rule that leads to our chains: ${rule.text}`;
}

function isSame(wanted: Rule, found: SavedRule): boolean {
  return wanted.chain === found.chain && normalise(renderRule(wanted)) === normalise(found.text);
}

/**
 * Versions of iptables print the same rule a little differently: they put options in another order, name the match modules or
 * not, or write out a full mask. None of that changes the meaning.
 */
function normalise(text: string): string {
  const withoutModules = text.replace(/(^| )-m \S+/g, '').replace(/(--mark 0x[0-9a-f]+)\/0xffffffff/, '$1');
  // A "!" belongs to the option behind it.
  const options = withoutModules.trim().split(/ (?=! -)| (?<!! )(?=-{1,2}[a-z])/);
  return options.sort().join(' ');
}
