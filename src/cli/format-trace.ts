/** A decision on a request as text for people. Pure. */
import type {
  AccessTrace,
  BackendTrace,
  DecisionTrace,
  EndpointTrace,
  EntryTrace,
  LimitTrace,
} from '../contract/decision-trace.ts';
import { formatYaml } from '../core/yaml.ts';
import type { CommandIo } from './command.ts';
import { inShort } from './format-quotas.ts';
import { paint, plainLines } from './output.ts';

type Io = Pick<CommandIo, 'colour'>;
const INDENT = ' '.repeat(11);

/** What was asked, what it reaches, which rules were tried and why, what is done to it, and where it may go. */
export function formatTrace(trace: DecisionTrace, host: string, io: Io): string {
  const { request, target } = trace;
  const version = target.version === null ? '' : `, view ${target.version.epoch}/${target.version.gen}`;
  const sections = [
    ['request', `${request.method} ${request.authority}${request.path}${host === '' ? '' : ` on ${host}`}`],
    ['target', describeTarget(trace, version)],
    ...(trace.tried.length === 0 ? [] : [['tried', describeTried(trace, io)]]),
    ...(trace.access ?? []).map((policy) => ['policy', describePolicy(policy, io)]),
    ...(trace.limits ?? []).map((limit) => ['limit', describeLimit(limit, io)]),
    ['so', target.sentence],
    ...(trace.action === null ? [] : [['rule', describeAction(trace.action)]]),
    ...trace.backends.map((backend) => ['backend', describeBackend(backend, io)]),
    ...(trace.decision === null ? [] : [['decision', describeDecision(trace.decision, io)]]),
  ];
  return sections.map(([name = '', text = '']) => `${paint(io, 'bold', name.padEnd(11))}${text}\n`).join('');
}

function describeTarget({ target, routing }: DecisionTrace, version: string): string {
  if (target.type !== 'service') return target.service === '' ? 'no service' : `${target.service} port ${target.port}`;
  const rules = { none: 'no routes', producer: 'producer routes', consumer: 'consumer routes' }[routing];
  return `${target.service} port ${target.port} (${target.protocol}), ${rules}${version}`;
}

function describeTried({ tried, untold }: DecisionTrace, io: Io): string {
  const lines = tried.map((entry) => describeEntry(entry, io));
  if (untold.before > 0) lines.unshift(`${untold.before} entries that do not match`);
  if (untold.after > 0) lines.push(paint(io, 'dim', `${untold.after} more, not looked at`));
  return lines.join(`\n${INDENT}`);
}

function describePolicy({ policy, action, dryRun, rules }: AccessTrace[number], io: Io): string {
  const lines = rules.map(({ rule, failed }) =>
    failed === ''
      ? `${paint(io, 'green', 'match')} rule ${rule}`
      : `${paint(io, 'red', 'no   ')} rule ${rule}: ${plainLines(failed)}`,
  );
  return [`${action} ${policy}${dryRun ? ' (dry run)' : ''}`, ...lines].join(`\n${INDENT}`);
}

function describeLimit({ rule, counts, bucket, requests, windowMs, shadow }: LimitTrace[number], io: Io): string {
  if (!counts) return `${rule}: ${paint(io, 'dim', 'does not count it')}`;
  const whose = bucket === '' ? 'all together' : plainLines(bucket);
  return `${rule}: ${requests} in ${inShort(windowMs)} for ${whose}${shadow ? ' (shadow: refuses nobody)' : ''}`;
}

function describeEntry({ route, rule, matches, conditions }: EntryTrace, io: Io): string {
  const words = conditions.map((one) => `${plainLines(one.what)} ${one.matches ? 'yes' : paint(io, 'red', 'NO')}`);
  const verdict = matches ? paint(io, 'green', 'match') : paint(io, 'red', 'no   ');
  return `${verdict} ${route}/${rule}: ${words.length === 0 ? 'every request' : words.join(', ')}`;
}

function describeAction(action: Readonly<Record<string, unknown>>): string {
  const { route, rule, ...rest } = action;
  const told = Object.entries(rest).filter(([, value]) => value !== null && value !== undefined);
  const name = `${String(route)}/${String(rule)}`;
  return told.length === 0 ? name : `${name}\n${indent(formatYaml(Object.fromEntries(told)))}`;
}

function describeBackend({ cluster, share, policies, endpoints, more }: BackendTrace, io: Io): string {
  if (cluster === null) return `${paint(io, 'red', 'unresolved')}, ${share} %: answered 500`;
  const { service: _, port: __, protocol: ___, ...told } = policies;
  const rows = endpoints.map((endpoint) => describeEndpoint(endpoint));
  if (rows.length === 0) rows.push(paint(io, 'red', 'no ready endpoint: answered 503'));
  if (more > 0) rows.push(`and ${more} more`);
  return `${cluster}, ${share} %\n${indent(formatYaml(told))}${rows.map((row) => `\n${INDENT}- ${row}`).join('')}`;
}

function describeEndpoint({ address, workload, weight, locality, identity, state }: EndpointTrace): string {
  const place = locality === undefined ? '' : `, ${locality}`;
  const inPlainText = state !== undefined && state['mutualTls'] !== true;
  const secured = inPlainText ? 'in plain text, since this host takes no part in mutual TLS' : 'by mutual TLS';
  const hop = identity === undefined ? '' : `, ${identity} ${secured}`;
  return `${address} (${workload}) weight ${weight}${place}${hop}${state === undefined ? '' : `, ${describeState(state)}`}`;
}

/** `active 3, idleConnections 1, ejected`: what is false or null is not worth a word. */
function describeState(state: Readonly<Record<string, unknown>>): string {
  return Object.entries(state)
    .filter(([name, value]) => name !== 'mutualTls' && value !== false && value !== null && value !== undefined)
    .map(([name, value]) =>
      value === true ? name : `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`,
    )
    .join(', ');
}

function describeDecision(decision: NonNullable<DecisionTrace['decision']>, io: Io): string {
  if (decision.type === 'answer') {
    const { flag, status, sentence } = decision;
    return flag === '' ? `the rule answers ${status}` : paint(io, 'red', `answered ${status} (${flag}): ${sentence}`);
  }
  if (decision.type === 'reset') return paint(io, 'red', `connection reset (${decision.flag}): ${decision.sentence}`);
  return `this time to ${decision.endpoint}${decision.cluster === '' ? '' : ` of ${decision.cluster}`}`;
}

function indent(text: string): string {
  return plainLines(text.trimEnd())
    .split('\n')
    .map((line) => `${INDENT}${line}`)
    .join('\n');
}
