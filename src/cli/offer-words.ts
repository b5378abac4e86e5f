/** What the shell may offer next where it depends on the mesh: kinds, names, namespaces, hosts. Says nothing when nobody answers at once. */
import { namesReplySchema } from '../contract/messages.ts';
import { z } from '../core/schema.ts';
import { KINDS, type Kind } from '../resources/index.ts';
import { type ConnectionValues, connectionOf, withControl } from './ask-control.ts';
import type { CommandIo } from './command.ts';
import { kindOf } from './parse-kind.ts';

const DIAL_MS = 300;
const ANSWER_MS = 500;
const MAX_OFFERED = 1_000;

/** Commands whose words are KIND NAME. */
const TAKES_KIND = new Set(['get', 'describe', 'delete', 'history', 'rollback', 'audit']);
/** Options that take a value, and by which of them the connection is chosen. */
const TAKES_VALUE: Readonly<Record<string, 'server' | 'mesh' | 'creds' | 'namespace' | 'host' | 'other'>> = {
  '-s': 'server',
  '--server': 'server',
  '--mesh': 'mesh',
  '--creds': 'creds',
  '-n': 'namespace',
  '--namespace': 'namespace',
  '--host': 'host',
  '-o': 'other',
  '-f': 'other',
  '--file': 'other',
  '-H': 'other',
  '--header': 'other',
  '--timeout': 'other',
  '--since': 'other',
  '--limit': 'other',
  '--revision': 'other',
  '--to': 'other',
  '--from': 'other',
  '--route': 'other',
  '--status': 'other',
  '--method': 'other',
  '--path': 'other',
  '--flag': 'other',
  '--min': 'other',
  '--for': 'other',
  '--per-second': 'other',
};

/** What is to be offered for the last of the words, which is still being typed. Pure. */
export type Wanted =
  | { readonly type: 'kinds' }
  | { readonly type: 'names'; readonly kind: Kind; readonly namespace: string | null }
  | { readonly type: 'namespaces' }
  | { readonly type: 'hosts' }
  | { readonly type: 'nothing' };

/** `words` begin with the command. The connection's options are told beside what is wanted. */
export function wantedBy(words: readonly string[]): { readonly wanted: Wanted; readonly connection: ConnectionValues } {
  const [command = '', ...typed] = words;
  const values: Record<string, string> = {};
  const positionals: string[] = [];
  let pending: string | null = null;
  for (const word of typed.slice(0, -1)) {
    if (pending !== null) {
      values[pending] = word;
      pending = null;
    } else if (Object.hasOwn(TAKES_VALUE, word)) pending = TAKES_VALUE[word] ?? null;
    else if (!word.startsWith('-')) positionals.push(word);
  }
  const { server, mesh, creds } = values;
  return {
    wanted: decide(command, pending, positionals, values['namespace'] ?? null),
    connection: { server, mesh, creds },
  };
}

function decide(
  command: string,
  pending: string | null,
  positionals: readonly string[],
  namespace: string | null,
): Wanted {
  if (pending === 'namespace') return { type: 'namespaces' };
  if (pending === 'host') return { type: 'hosts' };
  if (pending === null && command === 'tap' && positionals.length === 0)
    return { type: 'names', kind: 'Service', namespace };
  if (pending !== null || !TAKES_KIND.has(command)) return { type: 'nothing' };
  const [word] = positionals;
  if (word === undefined) return { type: 'kinds' };
  const kind = kindOrNull(word);
  // Only `get` takes several names.
  if (kind === null || (positionals.length > 1 && command !== 'get')) return { type: 'nothing' };
  return { type: 'names', kind, namespace };
}

function kindOrNull(word: string): Kind | null {
  try {
    return kindOf('completion', word);
  } catch {
    return null;
  }
}

/** Prints a word a line. Always ends well: a shell must not see errors while somebody types. */
export async function offerWords(words: readonly string[], io: CommandIo): Promise<number> {
  const { wanted, connection } = wantedBy(words);
  const offered =
    wanted.type === 'kinds' ? KINDS.map(pluralOf) : await liveWords(wanted, connection, io).catch(() => []);
  const safe = offered.filter((word) => /^[\w.-]+$/.test(word)).slice(0, MAX_OFFERED);
  if (safe.length > 0) io.out(`${safe.join('\n')}\n`);
  return 0;
}

function pluralOf(kind: Kind): string {
  const name = kind.toLowerCase();
  return name.endsWith('y') ? `${name.slice(0, -1)}ies` : `${name}s`;
}

const hostsSchema = z.object({ agents: z.array(z.object({ host: z.string() })) });

async function liveWords(wanted: Wanted, values: ConnectionValues, io: CommandIo): Promise<readonly string[]> {
  if (wanted.type === 'nothing' || wanted.type === 'kinds') return [];
  return withControl(
    connectionOf('completion', values, io),
    async (client) => {
      if (wanted.type === 'hosts') {
        const { agents } = await client.ask('agent', 'list', '', hostsSchema, {}, ANSWER_MS);
        return agents.map(({ host }) => host);
      }
      const filter = wanted.type === 'names' ? { kind: wanted.kind, namespace: wanted.namespace ?? undefined } : {};
      const { items } = await client.ask('resource', 'names', JSON.stringify(filter), namesReplySchema, {}, ANSWER_MS);
      return [...new Set(items.map((item) => (wanted.type === 'names' ? item.name : item.namespace)))];
    },
    DIAL_MS,
  );
}
