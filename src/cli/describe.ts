/** `towpath describe`: everything about one resource on one page. */
import { type DescribeReply, describeReplySchema } from '../contract/operator-messages.ts';
import { formatYaml } from '../core/yaml.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf, withControl } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { formatFindings } from './format-findings.ts';
import { formatHistory } from './history.ts';
import { formatJson, formatTable, paint, plainLines } from './output.ts';
import { referenceOf } from './parse-reference.ts';
import { parseWords } from './parse-words.ts';
import { titleOfId } from './show-change.ts';

const HELP = `Describes one resource: what it says, its conditions for each parent, what it refers to and what refers to it, endpoints
with their health and host, which agents run it, what is wrong with it, and who changed it last.

Usage:
  towpath describe KIND NAME [-n NAMESPACE] [-o json]

Options:
  -n, --namespace NAME  (default: default)
  -o json               as JSON
${CONNECTION_HELP}
Examples:
  towpath describe service orders -n shop
  towpath describe httproute/orders -n shop -o json
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  namespace: { type: 'string', short: 'n', default: 'default' },
  output: { type: 'string', short: 'o' },
} as const;

export const describeCommand: Command = {
  name: 'describe',
  summary: 'show everything about one resource',
  help: HELP,
  completions: ['-n', '-o', '--server', '--mesh', '--creds', '--help'],
  completesLive: true,
  run: runDescribe,
};

async function runDescribe(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('describe', args, OPTIONS, 2);
  const reference = referenceOf('describe', positionals, values.namespace);
  const connection = connectionOf('describe', values, io);
  return withControl(connection, async (client) => {
    const reply = await client.ask('resource', 'describe', JSON.stringify(reference), describeReplySchema);
    io.out(values.output === 'json' ? formatJson(reply) : formatDescription(reply, io));
    return 0;
  });
}

type Io = Pick<CommandIo, 'colour'>;

/** Sections with a title each; those with nothing to say are left out. */
export function formatDescription(reply: DescribeReply, io: Io): string {
  const { resource, findings, changes } = reply;
  const { namespace, name, generation, creationTimestamp } = resource.metadata;
  const head = `${resource.kind} ${namespace}/${name}, generation ${generation}, created ${creationTimestamp}\n`;
  const content = resource.spec ?? resource.data ?? {};
  return [
    paint(io, 'bold', head),
    section(io, resource.spec === undefined ? 'data' : 'spec', plainLines(formatYaml(content))),
    section(io, 'conditions', formatConditions(reply, io)),
    section(io, 'refers to', formatReferences(reply, io)),
    section(io, 'referred to by', reply.referredBy.map(({ id, by }) => `${titleOfId(id)} (${by})\n`).join('')),
    section(io, 'endpoints', formatEndpoints(reply, io)),
    section(io, 'agents', formatAgents(reply, io)),
    section(io, 'findings', findings.length === 0 ? '' : formatFindings(findings, io)),
    section(io, 'last changes', formatHistory({ id: '', items: changes }, io)),
  ].join('');
}

function section(io: Io, title: string, text: string): string {
  if (text === '') return '';
  const lines = text.trimEnd().split('\n');
  return `\n${paint(io, 'bold', title)}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function formatConditions({ resource }: DescribeReply, io: Io): string {
  const rows = resource.status.conditions.map(({ type, status, reason, message }) => {
    const good = (status === 'True') !== (type === 'PartiallyInvalid');
    return [type, good ? status : paint(io, status === 'Unknown' ? 'yellow' : 'red', status), reason, message];
  });
  return formatTable(['type', 'status', 'reason', 'message'], rows);
}

function formatReferences({ refersTo }: DescribeReply, io: Io): string {
  const lines = refersTo.map(({ id, by, exists }) => {
    return `${titleOfId(id)} (${by})${exists ? '' : paint(io, 'red', ' does not exist')}\n`;
  });
  return lines.join('');
}

function formatEndpoints({ endpoints }: DescribeReply, io: Io): string {
  if (endpoints.length === 0) return '';
  const rows = endpoints.map(({ workload, address, ports, weight, host, healthy }) => [
    workload,
    address,
    Object.entries(ports)
      .map(([name, port]) => `${name}:${port}`)
      .join(','),
    String(weight),
    healthy ? 'yes' : paint(io, 'red', 'no'),
    host ?? '(WorkloadEntry)',
  ]);
  return formatTable(['workload', 'address', 'ports', 'weight', 'healthy', 'host'], rows);
}

function formatAgents({ agents, services }: DescribeReply, io: Io): string {
  const { interested, pending, rejected } = agents;
  if (services.length === 0) return 'it touches no service\n';
  if (interested.length === 0) return `none uses ${services.join(', ')}\n`;
  const refusing = new Map(rejected.map(({ host, reason }) => [host, reason]));
  const rows = interested.map((host) => {
    const reason = refusing.get(host);
    if (reason !== undefined) return [host, paint(io, 'red', 'refuses it'), reason];
    return [host, pending.includes(host) ? paint(io, 'yellow', 'has not answered') : 'runs it', ''];
  });
  return formatTable(['agent', 'state', ''], rows);
}
