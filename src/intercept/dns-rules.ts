/**
 * What happens to DNS queries of local programs, to whatever resolver they go, this host's own included: nat/OUTPUT, UDP and TCP.
 * docs/interception.md walks through it. Pure.
 */
import { cidrsOf } from './cidr.ts';
import { cidrMatch, leaseRule, linkLocalRule } from './common-rules.ts';
import * as names from './names.ts';
import type { Family, Match, Rule } from './rule.ts';
import type { InterceptionSettings } from './settings.ts';

const RETURN = { type: 'return' } as const;
const TO_LISTS = { type: 'goto', chain: names.CHAIN_DNS_LISTS } as const;
const TO_DNS = { type: 'goto', chain: names.CHAIN_TO_DNS } as const;
const DNS_PORT: Match = { type: 'dns-port' };
const PORT = 53;

/** Empty when DNS is not captured. */
export function dnsRules(settings: InterceptionSettings, family: Family): Rule[] {
  const { dnsPort } = settings;
  if (dnsPort === null) return [];
  const reason = 'captured: the DNS listener takes it';
  return [
    ...overUdpRules(settings, family),
    ...listRules(settings, family),
    ...(['tcp', 'udp'] as const).map(
      (protocol): Rule => ({
        chain: names.CHAIN_TO_DNS,
        protocol,
        matches: [],
        target: { type: 'redirect', port: dnsPort },
        reason,
      }),
    ),
  ];
}

/** The entry in the kernel's own chain; queries over TCP come with all other connections. */
export function dnsJump(settings: InterceptionSettings): Rule[] {
  if (settings.dnsPort === null) return [];
  return [
    {
      chain: 'OUTPUT',
      protocol: 'udp',
      matches: [DNS_PORT],
      target: { type: 'jump', chain: names.CHAIN_DNS },
      reason: 'a local program asks a resolver',
    },
  ];
}

/** For the chain of opening connections, behind the lease and the agent's own, before loopback is let go. */
export function dnsOverTcpRule(settings: InterceptionSettings, chain: string): Rule[] {
  if (settings.dnsPort === null) return [];
  return [{ chain, matches: [DNS_PORT], target: TO_LISTS, reason: 'a local program asks a resolver over TCP' }];
}

function overUdpRules(settings: InterceptionSettings, family: Family): Rule[] {
  const chain = names.CHAIN_DNS;
  return [
    ...leaseRule(settings, family, chain, 'udp'),
    {
      chain,
      protocol: 'udp',
      matches: [{ type: 'gid', id: settings.gid, not: false }],
      target: RETURN,
      reason: 'what the agent itself asks, for others or for its own ends, leaves as it is: no loop',
    },
    { chain, protocol: 'udp', matches: [], target: TO_LISTS, reason: 'the lists decide' },
  ];
}

/** Who and which resolvers are excluded, and who is included. Lists of ports and of included destinations are about connections. */
function listRules({ outbound }: InterceptionSettings, family: Family): Rule[] {
  const rule = (matches: readonly Match[], target: Rule['target'], reason: string): Rule => ({
    chain: names.CHAIN_DNS_LISTS,
    protocol: null,
    matches,
    target,
    reason,
  });
  const isExcluded = outbound.excludePorts.some(({ from, to }) => from <= PORT && PORT <= to);
  if (isExcluded) return [rule([], RETURN, 'port 53 is on the exclude list')];
  const owners = [...outbound.includeUids.map(uid), ...outbound.includeGids.map(gid)];
  return [
    ...(family === 'v6' ? [linkLocalRule(names.CHAIN_DNS_LISTS, null)] : []),
    ...outbound.excludeUids.map((id) => rule([uid(id)], RETURN, 'user on the exclude list')),
    ...outbound.excludeGids.map((id) => rule([gid(id)], RETURN, 'group on the exclude list')),
    ...cidrsOf(family, outbound.excludeCidrs).map((cidr) =>
      rule(cidrMatch('destination', cidr), RETURN, 'resolver on the exclude list'),
    ),
    ...(owners.length === 0
      ? [rule([], TO_DNS, 'no exclude list named it')]
      : owners.map((owner) => rule([owner], TO_DNS, 'user or group on the include list'))),
  ];
}

function uid(id: number): Match {
  return { type: 'uid', id };
}

function gid(id: number): Match {
  return { type: 'gid', id, not: false };
}
