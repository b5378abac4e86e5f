/** What happens to connections that local programs open: nat/OUTPUT. The order is the meaning; docs/interception.md walks through it. Pure. */
import { cidrsOf, containsCidr, parseCidr } from './cidr.ts';
import { cidrMatch, leaseRule, linkLocalRule, ownPorts } from './common-rules.ts';
import { dnsOverTcpRule } from './dns-rules.ts';
import * as names from './names.ts';
import { groupPorts } from './port-groups.ts';
import type { Family, Match, Rule } from './rule.ts';
import { INBOUND_DIAL_MARK, type InterceptionSettings, type ProgramRedirect } from './settings.ts';
import { firstOf, type Stage, stageRules } from './stages.ts';

export const LOOPBACK: Readonly<Record<Family, string>> = { v4: '127.0.0.0/8', v6: '::1/128' };
const RETURN = { type: 'return' } as const;
const TO_LOOPBACK: Match = { type: 'output-interface', name: 'lo' };

export function outboundRules(settings: InterceptionSettings, family: Family): Rule[] {
  const stages = outboundStages(settings, family);
  return [
    ...loopRules(settings, family),
    ...loopbackRules(settings, family),
    ...excludeRules(settings, family),
    {
      chain: names.CHAIN_OUTBOUND,
      matches: [],
      target: firstOf(stages, names.CHAIN_TO_OUTBOUND),
      reason: 'no exclude list named it',
    },
    ...stageRules(stages, names.CHAIN_TO_OUTBOUND),
    ...settings.programs.flatMap(programRules),
    {
      chain: names.CHAIN_TO_OUTBOUND,
      matches: [],
      target: { type: 'redirect', port: settings.outboundPort },
      reason: 'captured: the outbound listener takes it',
    },
  ];
}

function programRules({ port, uids, gids }: ProgramRedirect): Rule[] {
  const rule = (owner: Match): Rule => ({
    chain: names.CHAIN_TO_OUTBOUND,
    matches: [owner],
    target: { type: 'redirect', port },
    reason: 'captured: a program of a workload with an identity of its own, which has a listener of its own',
  });
  return [...uids.map((id) => rule({ type: 'uid', id })), ...gids.map((id) => rule({ type: 'gid', id, not: false }))];
}

/** Steps 1 to 4: the proxy's own dials, virtual addresses, the lease. */
function loopRules(settings: InterceptionSettings, family: Family): Rule[] {
  const chain = names.CHAIN_OUTPUT;
  const virtual = cidrsOf(family, settings.virtualIpRanges);
  const notAgent: Match = { type: 'gid', id: settings.gid, not: true };
  return [
    {
      chain,
      matches: [{ type: 'mark', value: INBOUND_DIAL_MARK }],
      target: RETURN,
      reason: 'the inbound proxy reaches the local program: capturing that again would be a loop',
    },
    ...virtual.map(
      (cidr): Rule => ({
        chain,
        matches: [...cidrMatch('destination', cidr), notAgent],
        target: { type: 'goto', chain: names.CHAIN_TO_OUTBOUND },
        reason: 'virtual addresses exist only in the mesh: always captured, and refused when the agent is gone',
      }),
    ),
    ...virtual.map(
      (cidr): Rule => ({
        chain,
        matches: cidrMatch('destination', cidr),
        target: RETURN,
        reason: 'the agent itself never has business with a virtual address: not captured, so no loop',
      }),
    ),
    ...leaseRule(settings, family, chain),
  ];
}

/** Steps 5 to 9: who may talk to this very host, and how. */
function loopbackRules(settings: InterceptionSettings, family: Family): Rule[] {
  const chain = names.CHAIN_OUTPUT;
  const agent: Match = { type: 'gid', id: settings.gid, not: false };
  const lo = parseCidr(LOOPBACK[family]);
  const captured = cidrsOf(family, settings.outbound.includeCidrs).filter((c) => lo && containsCidr(lo, c));
  return [
    {
      chain,
      matches: [{ type: 'destination', cidr: LOOPBACK[family], not: true }, TO_LOOPBACK, agent],
      target: { type: 'jump', chain: names.CHAIN_INBOUND },
      reason:
        'the outbound proxy chose an endpoint on this host: the inbound proxy applies its policy as for any caller',
    },
    { chain, matches: [agent], target: RETURN, reason: 'what the agent dials leaves as it is: no loop' },
    ...dnsOverTcpRule(settings, chain),
    ...captured.map(
      (cidr): Rule => ({
        chain,
        matches: [...cidrMatch('destination', cidr), TO_LOOPBACK],
        target: { type: 'goto', chain: names.CHAIN_OUTBOUND },
        reason: 'a loopback range on the include list is wanted explicitly',
      }),
    ),
    {
      chain,
      matches: [TO_LOOPBACK],
      target: RETURN,
      reason: "a program calls localhost or the host's own address: direct",
    },
    ...(family === 'v6' ? [linkLocalRule(chain)] : []),
    {
      chain,
      matches: [],
      target: { type: 'goto', chain: names.CHAIN_OUTBOUND },
      reason: 'leaves this host: the lists decide',
    },
  ];
}

function excludeRules(settings: InterceptionSettings, family: Family): Rule[] {
  const chain = names.CHAIN_OUTBOUND;
  const { outbound } = settings;
  const exclude = (matches: readonly Match[], reason: string): Rule => ({ chain, matches, target: RETURN, reason });
  return [
    exclude([{ type: 'ports', ranges: ownPorts(settings) }], "Towpath's own listeners"),
    ...outbound.excludeUids.map((id) => exclude([{ type: 'uid', id }], 'user on the exclude list')),
    ...outbound.excludeGids.map((id) => exclude([{ type: 'gid', id, not: false }], 'group on the exclude list')),
    ...groupPorts(outbound.excludePorts).map((ranges) =>
      exclude([{ type: 'ports', ranges }], 'port on the exclude list'),
    ),
    ...cidrsOf(family, outbound.excludeCidrs).map((cidr) =>
      exclude(cidrMatch('destination', cidr), 'destination on the exclude list'),
    ),
  ];
}

/** The include lists, in the order in which they are asked. */
export function outboundStages(settings: InterceptionSettings, family: Family): Stage[] {
  const { includeUids, includeGids, includePorts, includeCidrs } = settings.outbound;
  const owners: Match[][] = [
    ...includeUids.map((id): Match[] => [{ type: 'uid', id }]),
    ...includeGids.map((id): Match[] => [{ type: 'gid', id, not: false }]),
  ];
  const stages: Stage[] = [];
  if (owners.length > 0) {
    stages.push({ chain: names.CHAIN_OUT_OWNERS, choices: owners, reason: 'user or group on the include list' });
  }
  if (includePorts !== '*') {
    const choices = groupPorts(includePorts).map((ranges): Match[] => [{ type: 'ports', ranges }]);
    stages.push({ chain: names.CHAIN_OUT_PORTS, choices, reason: 'port on the include list' });
  }
  if (includeCidrs.length > 0) {
    const choices = cidrsOf(family, includeCidrs).map((cidr) => cidrMatch('destination', cidr));
    stages.push({ chain: names.CHAIN_OUT_CIDRS, choices, reason: 'destination on the include list' });
  }
  return stages;
}
