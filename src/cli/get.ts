/** `towpath get`: resources as they are stored, with their status. */
import { type ResourceReply, resourceReplySchema } from '../contract/messages.ts';
import type { Kind } from '../resources/index.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, type ControlClient, connectionOf, withControl } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { formatResources, RESOURCE_FORMATS, type ResourceFormat } from './format-resources.ts';
import { listResources } from './list-resources.ts';
import { kindOf } from './parse-kind.ts';
import { splitOnce } from './parse-reference.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

const HELP = `Shows resources. What -o yaml prints can be edited and applied again.

Usage:
  towpath get KIND[,KIND...] [NAME...] [-n NAMESPACE | -A] [-o wide|yaml|json|name]
  towpath get KIND/NAME... [-n NAMESPACE] [-o wide|yaml|json|name]
  towpath get all [-n NAMESPACE]

Options:
  -n, --namespace NAME  only this namespace (default: all; with NAME: default)
  -A, --all-namespaces  all of them, also with NAME
  -o FORMAT             wide: with messages; yaml; json; name: KIND NAMESPACE/NAME alone
${CONNECTION_HELP}
Examples:
  towpath get services
  towpath get svc,httproute -n shop
  towpath get httproute orders -n shop -o yaml
  towpath get all -o json
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  namespace: { type: 'string', short: 'n' },
  'all-namespaces': { type: 'boolean', short: 'A', default: false },
  format: { type: 'string', short: 'o', default: 'table' },
} as const;

export const getCommand: Command = {
  name: 'get',
  summary: 'show resources and their status',
  help: HELP,
  completions: ['all', '-n', '-A', '-o', '--server', '--mesh', '--creds', '--help'],
  completesLive: true,
  run: runGet,
};

interface Asked {
  /** null: every kind. */
  readonly kind: Kind | null;
  /** null: all of the kind. */
  readonly name: string | null;
}

async function runGet(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('get', args, OPTIONS, Number.POSITIVE_INFINITY);
  const asked = askedFor(positionals);
  const format = RESOURCE_FORMATS.find((known) => known === values.format);
  if (format === undefined) throw wrongUsage('get', `-o must be wide, yaml, json or name, not ${values.format}`);
  const everywhere = values['all-namespaces'];
  if (everywhere && values.namespace !== undefined) throw wrongUsage('get', 'either -n or -A, not both');
  const connection = connectionOf('get', values, io);
  return withControl(connection, async (client) => {
    const [only, ...others] = asked;
    const found: ResourceReply[] = [];
    for (const one of asked) found.push(...(await find(client, one, values.namespace, everywhere)));
    const isSingle = only?.name !== null && others.length === 0 && !everywhere;
    show(found, format, isSingle, io);
    return 0;
  });
}

/** `svc,httproute`, `svc a b`, `svc/a httproute/b`, `all`. */
function askedFor(words: readonly string[]): Asked[] {
  const [first, ...names] = words;
  if (first === undefined) throw wrongUsage('get', 'say which kind, or all');
  if (words.some((word) => word.includes('/'))) {
    return words.map((word) => {
      const [kind = '', name = ''] = splitOnce(word);
      if (name === '') throw wrongUsage('get', `"${word}" must be KIND/NAME, as the others are`);
      return { kind: kindOf('get', kind), name };
    });
  }
  if (first === 'all') {
    if (names.length > 0) throw wrongUsage('get', 'a name needs a kind');
    return [{ kind: null, name: null }];
  }
  const kinds = first.split(',').map((word) => kindOf('get', word));
  return kinds.flatMap((kind): Asked[] =>
    names.length === 0 ? [{ kind, name: null }] : names.map((name) => ({ kind, name })),
  );
}

async function find(
  client: ControlClient,
  { kind, name }: Asked,
  namespace: string | undefined,
  everywhere: boolean,
): Promise<ResourceReply[]> {
  if (kind !== null && name !== null && !everywhere) {
    const body = JSON.stringify({ kind, namespace: namespace ?? 'default', name });
    return [await client.ask('resource', 'get', body, resourceReplySchema)];
  }
  const items = await listResources(client, { kind: kind ?? undefined, namespace });
  return name === null ? items : items.filter(({ metadata }) => metadata.name === name);
}

function show(items: readonly ResourceReply[], format: ResourceFormat, isSingle: boolean, io: CommandIo): void {
  if (items.length === 0 && format !== 'json' && format !== 'yaml') io.err('no resources found\n');
  else io.out(formatResources(items, format, isSingle));
}
