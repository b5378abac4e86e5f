/** `towpath get`: resources as they are stored, with their status. */
import { listReplySchema, type ResourceReply, resourceReplySchema } from '../contract/messages.ts';
import { formatYaml } from '../core/yaml.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf, withControl } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { formatJson, formatTable } from './output.ts';
import { kindOf } from './parse-kind.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

const FORMATS = ['table', 'wide', 'yaml', 'json'] as const;
type Format = (typeof FORMATS)[number];

const HELP = `Shows resources. What -o yaml prints can be edited and applied again.

Usage:
  towpath get KIND [NAME] [-n NAMESPACE] [-o wide|yaml|json]
  towpath get all [-n NAMESPACE]

Options:
  -n, --namespace NAME  only this namespace (default: all; with NAME: default)
  -o FORMAT             wide: with messages; yaml; json
${CONNECTION_HELP}
Examples:
  towpath get services
  towpath get httproute orders -n shop -o yaml
  towpath get all -o json
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  namespace: { type: 'string', short: 'n' },
  format: { type: 'string', short: 'o', default: 'table' },
} as const;

export const getCommand: Command = {
  name: 'get',
  summary: 'show resources and their status',
  help: HELP,
  completions: [
    'services',
    'workloadentries',
    'httproutes',
    'backendtrafficpolicies',
    'backendtlspolicies',
    'configmaps',
    'all',
    '-n',
    '-o',
    '--help',
  ],
  run: runGet,
};

async function runGet(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('get', args, OPTIONS, 2);
  const [word, name] = positionals;
  if (word === undefined) throw wrongUsage('get', 'say which kind, or all');
  const kind = word === 'all' ? undefined : kindOf('get', word);
  const format = FORMATS.find((known) => known === values.format);
  if (format === undefined) throw wrongUsage('get', `-o must be wide, yaml or json, not ${values.format}`);
  const connection = connectionOf('get', values, io);
  return withControl(connection, async (client) => {
    if (name !== undefined) {
      if (kind === undefined) throw wrongUsage('get', 'a name needs a kind');
      const body = JSON.stringify({ kind, namespace: values.namespace ?? 'default', name });
      const resource = await client.ask('resource', 'get', body, resourceReplySchema);
      show([resource], format, true, io);
      return 0;
    }
    const filter = { ...(kind && { kind }), ...(values.namespace !== undefined && { namespace: values.namespace }) };
    const { items } = await client.ask('resource', 'list', JSON.stringify(filter), listReplySchema);
    show(items, format, false, io);
    return 0;
  });
}

function show(items: readonly ResourceReply[], format: Format, single: boolean, io: CommandIo): void {
  switch (format) {
    case 'json':
      io.out(formatJson(single ? items[0] : { items }));
      return;
    case 'yaml':
      io.out(items.map((item) => formatYaml(item)).join('---\n'));
      return;
    case 'table':
    case 'wide':
      if (items.length === 0) io.err('no resources found\n');
      else io.out(table(items, format === 'wide'));
  }
}

function table(items: readonly ResourceReply[], wide: boolean): string {
  const header = [
    'namespace',
    'kind',
    'name',
    'generation',
    'accepted',
    'programmed',
    'created',
    ...(wide ? ['message'] : []),
  ];
  const rows = items.map((item) => {
    const { namespace, name, generation, creationTimestamp } = item.metadata;
    const bad = item.status.conditions.find((c) => c.status === 'False' || c.type === 'PartiallyInvalid');
    const cells = [namespace, item.kind, name, String(generation), statusOf(item, 'Accepted')];
    const message = wide ? [bad === undefined ? '' : `${bad.type}=${bad.reason}: ${bad.message}`] : [];
    return [...cells, statusOf(item, 'towpath.dev/Programmed'), creationTimestamp, ...message];
  });
  return formatTable(header, rows);
}

/** The worst status of a condition that may be there several times, once for each parent. */
function statusOf(item: ResourceReply, type: string): string {
  const found = item.status.conditions.filter((condition) => condition.type === type);
  return (
    found.find((c) => c.status === 'False')?.status ??
    found.find((c) => c.status === 'Unknown')?.status ??
    found[0]?.status ??
    '-'
  );
}
