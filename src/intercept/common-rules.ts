/** Rules and matches that stand in more than one chain. Pure. */
import type { Cidr } from './cidr.ts';
import * as names from './names.ts';
import type { Family, Match, Protocol, Rule } from './rule.ts';
import { type InterceptionSettings, OWN_SERVICE_PORTS, type PortRange } from './settings.ts';

const LINK_LOCAL_V6 = 'fe80::/10';
const RETURN = { type: 'return' } as const;

/** The agent's and control's own listeners: never captured, in either direction. */
export function ownPorts(settings: InterceptionSettings): PortRange[] {
  const { outboundPort, inboundPort, dnsPort, programs } = settings;
  const captured = [outboundPort, inboundPort, ...programs.map(({ port }) => port)];
  const ports = [...new Set([...captured, ...(dnsPort === null ? [] : [dnsPort]), ...OWN_SERVICE_PORTS])];
  return ports.sort((a, b) => a - b).map((port) => ({ from: port, to: port }));
}

/** A range as a match; the range that holds every address needs none. */
export function cidrMatch(type: 'source' | 'destination', cidr: Cidr): Match[] {
  if (cidr.prefix === 0) return [];
  return type === 'source' ? [{ type, cidr: cidr.text }] : [{ type, cidr: cidr.text, not: false }];
}

/** Fail-open: without a live lease nothing below applies. `failure: closed` has no lease. */
export function leaseRule(
  settings: InterceptionSettings,
  family: Family,
  chain: string,
  protocol: Protocol = 'tcp',
): Rule[] {
  if (settings.failure === 'closed') return [];
  return [
    {
      chain,
      protocol,
      matches: [{ type: 'lease-ended', set: names.LEASE_SETS[family] }],
      target: RETURN,
      reason: `the agent has not refreshed its lease for ${names.LEASE_SECONDS} s: it is gone, programs talk directly`,
    },
  ];
}

/** An address that is only valid together with an interface cannot be redirected to ::1, nor dialled again afterwards. */
export function linkLocalRule(chain: string, protocol: Protocol | null = 'tcp'): Rule {
  return {
    chain,
    protocol,
    matches: [{ type: 'destination', cidr: LINK_LOCAL_V6, not: false }],
    target: RETURN,
    reason: 'link-local addresses mean nothing without their interface, which redirection loses',
  };
}
