/** One firewall rule as data, with the reason it exists, and its text exactly as `iptables-save` prints it. */
import { assertNever } from '../core/result.ts';
import type { PortRange } from './settings.ts';

export type Family = 'v4' | 'v6';

export type Protocol = 'tcp' | 'udp';

/** What a packet must be for the rule to apply. */
export type Match =
  | { readonly type: 'source'; readonly cidr: string }
  | { readonly type: 'destination'; readonly cidr: string; readonly not: boolean }
  | { readonly type: 'input-interface'; readonly name: string }
  | { readonly type: 'output-interface'; readonly name: string }
  | { readonly type: 'opening' }
  | { readonly type: 'addressed-to-this-host' }
  | { readonly type: 'dns-port' }
  | { readonly type: 'mark'; readonly value: number }
  | { readonly type: 'uid'; readonly id: number }
  | { readonly type: 'gid'; readonly id: number; readonly not: boolean }
  | { readonly type: 'ports'; readonly ranges: readonly PortRange[] }
  | { readonly type: 'lease-ended'; readonly set: string };

export type Target =
  | { readonly type: 'return' }
  | { readonly type: 'jump'; readonly chain: string }
  /** Continue in that chain and never come back to this one. */
  | { readonly type: 'goto'; readonly chain: string }
  | { readonly type: 'redirect'; readonly port: number };

export interface Rule {
  readonly chain: string;
  /** Absent: TCP, as most rules are. null: whatever comes to its chain. */
  readonly protocol?: Protocol | null;
  readonly matches: readonly Match[];
  readonly target: Target;
  /** Why the rule is there, one sentence fragment for `towpath intercept show`. */
  readonly reason: string;
}

/** `-s … -d … -i … -o …` come before `-p tcp` in the output of iptables-save; everything else after it. */
const BEFORE_PROTOCOL: readonly Match['type'][] = ['source', 'destination', 'input-interface', 'output-interface'];

/** The rule's text after `-A CHAIN `. */
export function renderRule(rule: Rule): string {
  const early = rule.matches.filter((match) => BEFORE_PROTOCOL.includes(match.type));
  const late = rule.matches.filter((match) => !BEFORE_PROTOCOL.includes(match.type));
  const protocol = rule.protocol === undefined ? 'tcp' : rule.protocol;
  const render = (match: Match): string => renderMatch(match, protocol ?? 'tcp');
  const words = protocol === null ? [] : [`-p ${protocol}`];
  return [...early.map(render), ...words, ...late.map(render), renderTarget(rule.target)].join(' ');
}

function renderMatch(match: Match, protocol: Protocol): string {
  switch (match.type) {
    case 'source':
      return `-s ${match.cidr}`;
    case 'destination':
      return `${match.not ? '! ' : ''}-d ${match.cidr}`;
    case 'input-interface':
      return `-i ${match.name}`;
    case 'output-interface':
      return `-o ${match.name}`;
    case 'opening':
      return '-m tcp --tcp-flags FIN,SYN,RST,ACK SYN';
    case 'addressed-to-this-host':
      return '-m addrtype --dst-type LOCAL';
    case 'dns-port':
      return `-m ${protocol} --dport 53`;
    case 'mark':
      return `-m mark --mark 0x${match.value.toString(16)}`;
    case 'uid':
      return `-m owner --uid-owner ${match.id}`;
    case 'gid':
      return `-m owner ${match.not ? '! ' : ''}--gid-owner ${match.id}`;
    case 'ports':
      return `-m multiport --dports ${match.ranges.map(renderPorts).join(',')}`;
    case 'lease-ended':
      return `-m set ! --match-set ${match.set} dst`;
    default:
      return assertNever(match);
  }
}

function renderPorts(range: PortRange): string {
  return range.from === range.to ? String(range.from) : `${range.from}:${range.to}`;
}

function renderTarget(target: Target): string {
  switch (target.type) {
    case 'return':
      return '-j RETURN';
    case 'jump':
      return `-j ${target.chain}`;
    case 'goto':
      return `-g ${target.chain}`;
    case 'redirect':
      return `-j REDIRECT --to-ports ${target.port}`;
    default:
      return assertNever(target);
  }
}
