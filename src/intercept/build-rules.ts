/** The whole rule set of one address family, in evaluation order. Pure. */
import { dnsJump, dnsRules } from './dns-rules.ts';
import { inboundRules, inboundStages } from './inbound-rules.ts';
import * as names from './names.ts';
import { outboundRules, outboundStages } from './outbound-rules.ts';
import type { Family, Match, Rule } from './rule.ts';
import type { InterceptionSettings } from './settings.ts';

/** All in the nat table. */
export interface RuleSet {
  /** Our chains, each exactly once. A chain may be empty: an include list with no entry of this family captures nothing. */
  readonly chains: readonly string[];
  readonly rules: readonly Rule[];
  /** Entries in the kernel's own chains, to stand first there in this order. */
  readonly jumps: readonly Rule[];
}

/**
 * Only packets that open a connection are looked at. Without that, the packets of connections older than the rules, which
 * connection tracking meets in mid-stream, would be redirected too, and every one of them (SSH sessions first) would break.
 */
const OPENING: Match = { type: 'opening' };

const JUMPS: readonly Rule[] = [
  {
    chain: 'PREROUTING',
    // Forwarded packets (containers, routed networks) are somebody else's business.
    matches: [OPENING, { type: 'addressed-to-this-host' }],
    target: { type: 'jump', chain: names.CHAIN_PREROUTING },
    reason: 'a connection from outside to this host opens',
  },
  {
    chain: 'OUTPUT',
    matches: [OPENING],
    target: { type: 'jump', chain: names.CHAIN_OUTPUT },
    reason: 'a local program opens a connection',
  },
];

export function buildRules(settings: InterceptionSettings, family: Family): RuleSet {
  const dns = dnsRules(settings, family);
  const rules = [...outboundRules(settings, family), ...dns, ...inboundRules(settings, family)];
  // An include list has its chain also when none of its entries is of this family: then it lets nothing through.
  const stages = [...outboundStages(settings, family), ...inboundStages(settings, family)];
  const chains = new Set([...rules.map((rule) => rule.chain), ...stages.map((stage) => stage.chain)]);
  return { chains: [...chains].sort(), rules, jumps: [...JUMPS, ...dnsJump(settings)] };
}
