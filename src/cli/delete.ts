/** `towpath delete`: by name, or everything that files describe; all of it, or nothing. */
import { changeReplySchema } from '../contract/messages.ts';
import { UserError } from '../core/errors.ts';
import { z } from '../core/schema.ts';
import { parseYamlDocuments } from '../core/yaml.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf, mutationHeaders, withControl } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { parseDuration } from './parse-duration.ts';
import { kindOf } from './parse-kind.ts';
import { parseWords, wrongUsage } from './parse-words.ts';
import { readManifests } from './read-manifests.ts';
import { showChange } from './show-change.ts';
import { waitForAgents } from './wait-for-agents.ts';

const HELP = `Deletes resources. If one of them does not exist, nothing is deleted.

Usage:
  towpath delete KIND NAME [-n NAMESPACE] [--wait] [--timeout 10s]
  towpath delete -f FILE [-f FILE...] [--wait] [--timeout 10s]

Options:
  -n, --namespace NAME  (default: default)
  -f, --file FILE       delete the resources that this file describes; - is standard input
  --wait                until every live agent runs without them
  --timeout TIME        for --wait (default 10s)
  -o json               the answer as JSON
${CONNECTION_HELP}
Examples:
  towpath delete httproute orders -n shop --wait
  towpath delete -f routes.yaml
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  namespace: { type: 'string', short: 'n', default: 'default' },
  file: { type: 'string', short: 'f', multiple: true },
  wait: { type: 'boolean', default: false },
  timeout: { type: 'string', default: '10s' },
  output: { type: 'string', short: 'o' },
} as const;

export const deleteCommand: Command = {
  name: 'delete',
  summary: 'delete resources',
  help: HELP,
  completions: ['-n', '-f', '--wait', '--timeout', '-o', '--server', '--mesh', '--creds', '--help'],
  completesLive: true,
  run: runDelete,
};

interface Reference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

async function runDelete(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('delete', args, OPTIONS, 2);
  const timeoutMs = parseDuration('delete', '--timeout', values.timeout);
  const connection = connectionOf('delete', values, io);
  const resources =
    values.file === undefined ? [named(positionals, values.namespace)] : await described(values.file, positionals);
  return withControl(connection, async (client) => {
    const body = JSON.stringify({ resources });
    const reply = await client.ask('resource', 'delete', body, changeReplySchema, mutationHeaders());
    showChange(reply, values.output === 'json', false, io);
    return values.wait ? waitForAgents(client, reply, timeoutMs, io) : 0;
  });
}

function named([kind, name]: readonly string[], namespace: string): Reference {
  if (kind === undefined || name === undefined) throw wrongUsage('delete', 'say which: KIND NAME, or -f FILE');
  return { kind: kindOf('delete', kind), namespace, name };
}

const manifest = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().default('default') }),
});

/** Only kind, namespace and name matter: a file whose spec is no longer accepted can still be used to delete. */
async function described(paths: readonly string[], words: readonly string[]): Promise<Reference[]> {
  if (words.length > 0) throw wrongUsage('delete', 'either KIND NAME or -f FILE, not both');
  const references: Reference[] = [];
  for (const { name: file, text } of await readManifests(paths)) {
    const documents = parseYamlDocuments(text);
    if (!documents.ok) throw new UserError(documents.error.map((p) => ({ ...p, path: `${file}: ${p.path ?? ''}` })));
    for (const [i, document] of documents.value.entries()) {
      const parsed = manifest.safeParse(document);
      if (!parsed.success) {
        throw new UserError({
          code: 'TWP0106',
          message: 'a resource needs kind and metadata.name',
          path: `${file}: document ${i + 1}`,
        });
      }
      const { kind, metadata } = parsed.data;
      references.push({ kind, namespace: metadata.namespace, name: metadata.name });
    }
  }
  if (references.length === 0) throw new UserError({ code: 'TWP1011', message: 'there is no resource in the files' });
  return references;
}
