/** `towpath join-token create|list|revoke`: what lets a host become a member of a secured mesh. */
import {
  createdTokenSchema,
  hostIdSchema,
  type IdentityScope,
  identityScopeSchema,
  revokeTokenSchema,
  tokenListSchema,
} from '../contract/join-messages.ts';
import { UserError } from '../core/errors.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf, mutationHeaders, withControl } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { formatJson, formatTable } from './output.ts';
import { parseLongDuration } from './parse-duration.ts';
import { parseWords, wrongUsage } from './parse-words.ts';
import { whileStarting } from './while-starting.ts';

const HELP = `Makes the line by which a host joins: paste it there after "towpath agent join". It holds NATS credentials that may ask control one
question, for a short time; one host uses it, once. Needs a secured mesh ("towpath control init").

Usage:
  towpath join-token create [--ttl TIME] [--for HOST | --for group NAMESPACE/GROUP] [options]
  towpath join-token list [-o json]
  towpath join-token revoke ID

Options of create:
  --ttl TIME        how long the line may be used (default 1h, at most 7d)
  --for HOST        only this host; it may be one that has joined before, whose place it takes
  --for group NAMESPACE/GROUP
                    any new host; it may have the account of this WorkloadGroup
  --identity NAMESPACE/ACCOUNT
                    an identity that the host may ask certificates for; "*" is any; several are possible
                    (default: default/*, or with a group, the group's alone)
  --identity-ttl T  how long the host may be away and come back by itself (default 14d, 1h to 365d)
  --address NAME    where the host reaches NATS, as tls://NAME:PORT (default: as control init was told)
${CONNECTION_HELP}
Examples:
  towpath join-token create
  towpath join-token create --for shop --identity shop/cart --ttl 15m
  towpath join-token create --for group shop/orders
`;

const CREATE_OPTIONS = {
  ...CONNECTION_OPTIONS,
  ttl: { type: 'string' },
  for: { type: 'string' },
  identity: { type: 'string', multiple: true },
  'identity-ttl': { type: 'string' },
  address: { type: 'string', multiple: true },
  output: { type: 'string', short: 'o' },
} as const;
const LIST_OPTIONS = { ...CONNECTION_OPTIONS, output: { type: 'string', short: 'o' } } as const;

export const joinTokenCommand: Command = {
  name: 'join-token',
  summary: 'make, list and revoke the tokens by which hosts join',
  help: HELP,
  completions: [
    'create',
    'list',
    'revoke',
    '--ttl',
    '--for',
    '--identity',
    '--identity-ttl',
    '--address',
    '-o',
    '--help',
  ],
  async run([verb, ...args], io) {
    if (verb === 'create') return create(args, io);
    if (verb === 'list') return list(args, io);
    if (verb === 'revoke') return revoke(args, io);
    throw wrongUsage(
      'join-token',
      verb === undefined ? 'say create, list or revoke' : `"${verb}" is none of create, list, revoke`,
    );
  },
};

async function create(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('join-token', args, CREATE_OPTIONS, 1);
  const { host, group } = forWhom(values.for, positionals[0]);
  const body = {
    ...(values.ttl === undefined ? {} : { ttlMs: parseLongDuration('join-token', '--ttl', values.ttl) }),
    ...(values['identity-ttl'] === undefined
      ? {}
      : { identityTtlMs: parseLongDuration('join-token', '--identity-ttl', values['identity-ttl']) }),
    host,
    groups: group === null ? [] : [group],
    identities: (values.identity ?? []).map(parseIdentity),
    ...(values.address === undefined ? {} : { servers: values.address.map(serverOf) }),
  };
  const connection = connectionOf('join-token', values, io);
  const headers = mutationHeaders();
  const made = await whileStarting(connection, io, () =>
    withControl(connection, ({ ask }) => ask('token', 'create', JSON.stringify(body), createdTokenSchema, headers)),
  );
  if (values.output === 'json') io.out(formatJson(made));
  else io.out(`${made.token}\n`);
  const until = new Date(made.expiresMs).toISOString();
  io.err(`token ${made.id}, once, until ${until}; on the host: sudo towpath agent join TOKEN\n`);
  return 0;
}

interface Whom {
  readonly host: string | null;
  readonly group: { readonly namespace: string; readonly name: string } | null;
}

function forWhom(word: string | undefined, group: string | undefined): Whom {
  if (word === undefined && group === undefined) return { host: null, group: null };
  if (word === 'group' || word === undefined) {
    const [namespace, name, ...rest] = (group ?? '').split('/');
    if (word === 'group' && namespace !== undefined && name !== undefined && name !== '' && rest.length === 0)
      return { host: null, group: { namespace, name } };
    throw wrongUsage(
      'join-token',
      word === undefined ? `"${group}" is one word too many` : 'write --for group NAMESPACE/GROUP',
    );
  }
  if (group !== undefined) throw wrongUsage('join-token', `"${group}" is one word too many`);
  if (!hostIdSchema.safeParse(word).success)
    throw wrongUsage('join-token', `the host id "${word}" must be lower-case letters, digits, - or _`);
  return { host: word, group: null };
}

function parseIdentity(text: string): IdentityScope {
  const [namespace, account, ...rest] = text === '*' ? ['*', '*'] : text.split('/');
  const scope = identityScopeSchema.safeParse({ namespace, account });
  if (scope.success && rest.length === 0) return scope.data;
  throw wrongUsage('join-token', `--identity must be NAMESPACE/ACCOUNT, such as shop/cart or shop/*, not "${text}"`);
}

function serverOf(text: string): string {
  if (/^tls:\/\/[^\s/@]+$/.test(text)) return text;
  throw wrongUsage('join-token', `--address must be like tls://mesh.example:4222, not "${text}"`);
}

async function list(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseWords('join-token', args, LIST_OPTIONS, 0);
  return withControl(connectionOf('join-token', values, io), async (client) => {
    const { items } = await client.ask('token', 'list', '', tokenListSchema);
    const rows = items.map(({ id, state, host, usedBy, expiresMs, createdBy }) => [
      id,
      state,
      host ?? '-',
      usedBy ?? '-',
      new Date(expiresMs).toISOString(),
      createdBy,
    ]);
    if (values.output === 'json') io.out(formatJson({ items }));
    else if (items.length > 0) io.out(formatTable(['id', 'state', 'for', 'used by', 'until', 'made by'], rows));
    return 0;
  });
}

async function revoke(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('join-token', args, CONNECTION_OPTIONS, 1);
  const [id] = positionals;
  if (id === undefined) throw wrongUsage('join-token', 'say which: towpath join-token list shows the ids');
  if (!revokeTokenSchema.safeParse({ id }).success) {
    throw new UserError({
      code: 'TWP1032',
      message: 'this is no id of a token',
      hint: 'towpath join-token list shows them',
    });
  }
  return withControl(connectionOf('join-token', values, io), async (client) => {
    await client.ask('token', 'revoke', JSON.stringify({ id }), revokeTokenSchema, mutationHeaders());
    io.out(`${id} revoked\n`);
    return 0;
  });
}
