/** What happens to connections that reach this host: nat/PREROUTING, and same-host calls of the outbound proxy. Pure. */
import { cidrsOf } from './cidr.ts';
import { cidrMatch, leaseRule, linkLocalRule, ownPorts } from './common-rules.ts';
import * as names from './names.ts';
import { groupPorts } from './port-groups.ts';
import type { Family, Match, Rule } from './rule.ts';
import type { InterceptionSettings } from './settings.ts';
import { firstOf, type Stage, stageRules } from './stages.ts';

const RETURN = { type: 'return' } as const;

export function inboundRules(settings: InterceptionSettings, family: Family): Rule[] {
  const stages = inboundStages(settings, family);
  return [
    ...leaseRule(settings, family, names.CHAIN_PREROUTING),
    ...(family === 'v6' ? [linkLocalRule(names.CHAIN_PREROUTING)] : []),
    ...interfaceRules(settings),
    ...excludeRules(settings, family),
    {
      chain: names.CHAIN_INBOUND,
      matches: [],
      target: firstOf(stages, names.CHAIN_TO_INBOUND),
      reason: 'no exclude list named it',
    },
    ...stageRules(stages, names.CHAIN_TO_INBOUND),
    {
      chain: names.CHAIN_TO_INBOUND,
      matches: [],
      target: { type: 'redirect', port: settings.inboundPort },
      reason: 'captured: the inbound listener takes it',
    },
  ];
}

/** Only here, not in the shared chain: a same-host call enters by no interface. */
function interfaceRules(settings: InterceptionSettings): Rule[] {
  const chain = names.CHAIN_PREROUTING;
  const { includeInterfaces, excludeInterfaces } = settings.inbound;
  const enter = (matches: readonly Match[], reason: string): Rule => ({
    chain,
    matches,
    target: { type: 'goto', chain: names.CHAIN_INBOUND },
    reason,
  });
  return [
    ...excludeInterfaces.map(
      (name): Rule => ({
        chain,
        matches: [{ type: 'input-interface', name }],
        target: RETURN,
        reason: 'interface on the exclude list',
      }),
    ),
    ...(includeInterfaces.length === 0
      ? [enter([], 'came from outside: the lists decide')]
      : includeInterfaces.map((name) => enter([{ type: 'input-interface', name }], 'interface on the include list'))),
  ];
}

function excludeRules(settings: InterceptionSettings, family: Family): Rule[] {
  const chain = names.CHAIN_INBOUND;
  const { inbound } = settings;
  const exclude = (matches: readonly Match[], reason: string): Rule => ({ chain, matches, target: RETURN, reason });
  return [
    exclude([{ type: 'ports', ranges: ownPorts(settings) }], "Towpath's own listeners"),
    ...groupPorts(inbound.excludePorts).map((ranges) =>
      exclude([{ type: 'ports', ranges }], 'port on the exclude list'),
    ),
    ...cidrsOf(family, inbound.excludeCidrs).map((cidr) =>
      exclude(cidrMatch('source', cidr), 'source on the exclude list'),
    ),
  ];
}

/** The include lists, in the order in which they are asked. */
export function inboundStages(settings: InterceptionSettings, family: Family): Stage[] {
  const { includePorts, includeCidrs } = settings.inbound;
  const stages: Stage[] = [];
  if (includePorts !== '*') {
    const choices = groupPorts(includePorts).map((ranges): Match[] => [{ type: 'ports', ranges }]);
    stages.push({ chain: names.CHAIN_IN_PORTS, choices, reason: 'port on the include list' });
  }
  if (includeCidrs.length > 0) {
    const choices = cidrsOf(family, includeCidrs).map((cidr) => cidrMatch('source', cidr));
    stages.push({ chain: names.CHAIN_IN_CIDRS, choices, reason: 'source on the include list' });
  }
  return stages;
}
