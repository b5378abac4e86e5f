/** `towpath agent join`: from a token to an agent that is ready to start. */
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { text } from 'node:stream/consumers';
import { askToJoin } from '../agent/join/ask-to-join.ts';
import { type MemberPlaces, preparePlaces, writeCredentials, writeMembership } from '../agent/join/write-member.ts';
import { packageVersion } from '../config/package-version.ts';
import { hostIdSchema } from '../contract/join-messages.ts';
import { decodeJoinToken } from '../contract/join-token.ts';
import { hostIdOf } from '../contract/subjects.ts';
import { UserError } from '../core/errors.ts';
import { parseYamlDocuments } from '../core/yaml.ts';
import type { CommandIo } from './command.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

export const JOIN_HELP = `Makes this host a member of a secured mesh. A key is made here and never leaves; control signs credentials for it. Then the agent can be
started. Needs root. The token is used up.

Usage:
  towpath agent join TOKEN [options]
  towpath agent join - [options]      reads the token from standard input, so that it is not seen in the list of processes

Options:
  --host NAME     the name of this host in the mesh (default: what the token or the agent file says, else the host name)
  --config FILE   the agent file, which is made, or changed in mesh, host and nats alone (default /etc/towpath/agent.yaml)
  --state DIR     where credentials are kept (default: what the agent file says, else /var/lib/towpath)

Examples:
  sudo towpath agent join towpath-join-eyJ2...
  ssh control sudo towpath join-token create | sudo towpath agent join -
`;

const OPTIONS = {
  host: { type: 'string' },
  config: { type: 'string' },
  state: { type: 'string' },
} as const;
const DEFAULT_CONFIG = '/etc/towpath/agent.yaml';
const DEFAULT_STATE = '/var/lib/towpath';

/** Returns 0. @throws UserError: no token, expired, used, refused, or files that cannot be written. */
export async function joinAgent(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('agent', args, OPTIONS, 1);
  const [word] = positionals;
  if (word === undefined)
    throw wrongUsage('agent', 'give the token: towpath agent join TOKEN, or - to read it from standard input');
  const token = decodeJoinToken(word === '-' ? await text(process.stdin) : word);
  if (!token.ok) {
    const hint = 'make one on the control host: towpath join-token create';
    throw new UserError({ code: 'TWP2906', message: token.error, hint });
  }
  const config = values.config ?? io.env['TOWPATH_CONFIG'] ?? DEFAULT_CONFIG;
  const file = readFields(config);
  const host = values.host ?? token.value.host ?? file.host ?? hostIdOf(hostname().split('.')[0] ?? '');
  if (!hostIdSchema.safeParse(host).success)
    throw wrongUsage('agent', `--host "${host}" must be lower-case letters, digits, - or _`);
  const places: MemberPlaces = { config, stateDirectory: values.state ?? file.stateDirectory ?? DEFAULT_STATE };
  await preparePlaces(places);
  const { credentials, expiresMs } = await askToJoin(token.value, host, packageVersion(), Date.now());
  const { mesh, servers, ca } = token.value;
  await writeCredentials(places.stateDirectory, credentials);
  await writeMembership(places, { mesh, host, servers, ca });
  io.out(`${host} is a member of the mesh "${mesh}"; its agent file is ${config}\n`);
  io.err(`credentials until ${new Date(expiresMs).toISOString()}, renewed by the agent; start it with:
  systemctl enable --now towpath-agent      or by hand: towpath agent --config ${config}
`);
  return 0;
}

/** What an agent file that is there already says. */
function readFields(path: string): { readonly host?: string; readonly stateDirectory?: string } {
  if (!existsSync(path)) return {};
  const documents = parseYamlDocuments(readFileSync(path, 'utf8'));
  const value = documents.ok ? documents.value[0] : null;
  if (typeof value !== 'object' || value === null) return {};
  const field = (name: string): object => {
    const found: unknown = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
    return typeof found === 'string' ? { [name]: found } : {};
  };
  return { ...field('host'), ...field('stateDirectory') };
}
