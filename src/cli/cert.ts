/** `towpath cert`: the certificates of the hosts, and the roots above them. */
import {
  type RotateReply,
  rotateReplySchema,
  type ShowReply,
  showReplySchema,
} from '../contract/certificate-messages.ts';
import {
  askHost,
  CONNECTION_HELP,
  CONNECTION_OPTIONS,
  type Connection,
  connectionOf,
  mutationHeaders,
  withControl,
} from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { formatCertificates } from './format-certificates.ts';
import { formatJson } from './output.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

const HELP = `Shows the roots that the mesh trusts and the certificates that its hosts have, renews them, and rotates the root.

Usage:
  towpath cert show [HOST] [-o json]
  towpath cert renew HOST... | --all [-o json]
  towpath cert rotate-root [--finish] [-o json]

show         roots, how far a rotation is, and each host's certificates with the time that is left of them
renew        new keys and certificates on these hosts, now; they renew by themselves at half of a certificate's life
rotate-root  makes a new root. Every host trusts it before any certificate comes from it; the old root is dropped when no
             certificate of it is in use any more. No connection ends for it. towpath cert show tells how far it is

Options:
  --all     every live host
  --finish  drop the old root now: hosts that are away and still have a certificate of it need a new one when they come back
  -o json   the answer as JSON
${CONNECTION_HELP}
Examples:
  towpath cert show
  towpath cert show web-1 -o json
  towpath cert renew web-1 web-2
  towpath cert rotate-root
  towpath cert rotate-root --finish
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  all: { type: 'boolean', default: false },
  finish: { type: 'boolean', default: false },
  output: { type: 'string', short: 'o' },
} as const;

const VERBS = ['show', 'renew', 'rotate-root'] as const;
/** Hosts that are asked at the same time. */
const PARALLEL = 20;

export const certCommand: Command = {
  name: 'cert',
  summary: 'show and renew certificates, rotate the root',
  help: HELP,
  completions: [...VERBS, '--all', '--finish', '-o', '--server', '--mesh', '--creds', '--help'],
  run: runCert,
};

async function runCert(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('cert', args, OPTIONS, Number.POSITIVE_INFINITY);
  const [verb, ...words] = positionals;
  const connection = connectionOf('cert', values, io);
  const json = values.output === 'json';
  if (values.all && verb !== 'renew') throw wrongUsage('cert', '--all belongs to renew');
  if (values.finish && verb !== 'rotate-root') throw wrongUsage('cert', '--finish belongs to rotate-root');
  switch (verb) {
    case 'show':
      if (words.length > 1) throw wrongUsage('cert', `"${words[1]}" is one word too many`);
      return showCertificates(connection, words[0], json, io);
    case 'renew':
      if (values.all === words.length > 0) throw wrongUsage('cert', 'renew needs the names of hosts, or --all');
      return renewCertificates(connection, values.all ? null : words, json, io);
    case 'rotate-root':
      if (words.length > 0) throw wrongUsage('cert', `"${words[0]}" is one word too many`);
      return rotateRoot(connection, values.finish, json, io);
    default:
      throw wrongUsage('cert', verb === undefined ? `say ${VERBS.join(', ')}` : `"${verb}" is no verb of towpath cert`);
  }
}

async function showCertificates(
  connection: Connection,
  host: string | undefined,
  json: boolean,
  io: CommandIo,
): Promise<number> {
  const reply = await fetchAll(connection, host);
  io.out(json ? formatJson(reply) : formatCertificates(reply, Date.now(), io));
  if (host === undefined || reply.hosts.length > 0) return 0;
  io.err(`control has heard nothing of certificates from the host ${host}\n`);
  return 1;
}

async function fetchAll(connection: Connection, host: string | undefined): Promise<ShowReply> {
  return withControl(connection, async (client) => {
    const ask = (after: string | undefined): Promise<ShowReply> =>
      client.ask('cert', 'show', JSON.stringify({ host, after }), showReplySchema);
    const first = await ask(undefined);
    const hosts = [...first.hosts];
    for (let { next } = first; next !== undefined; ) {
      const page = await ask(next);
      hosts.push(...page.hosts);
      next = page.next;
    }
    return { ...first, hosts, next: undefined };
  });
}

async function renewCertificates(
  connection: Connection,
  named: readonly string[] | null,
  json: boolean,
  io: CommandIo,
): Promise<number> {
  const live = async () => (await fetchAll(connection, undefined)).hosts.filter((one) => one.live);
  const hosts = named ?? (await live()).map(({ host }) => host);
  const results: { readonly host: string; readonly problem: string | null }[] = [];
  for (let i = 0; i < hosts.length; i += PARALLEL) {
    const renew = (host: string) =>
      askHost(connection, host, 'renew', '').then(
        () => ({ host, problem: null }),
        (error: Error) => ({ host, problem: error.message }),
      );
    results.push(...(await Promise.all(hosts.slice(i, i + PARALLEL).map(renew))));
  }
  if (json) io.out(formatJson(results));
  for (const { host, problem } of results) {
    if (problem !== null) io.err(`${host}: ${problem}\n`);
    else if (!json) io.out(`${host}: renewed\n`);
  }
  return results.some(({ problem }) => problem !== null) ? 1 : 0;
}

async function rotateRoot(connection: Connection, finish: boolean, json: boolean, io: CommandIo): Promise<number> {
  return withControl(connection, async (client) => {
    const body = JSON.stringify({ finish });
    const reply: RotateReply = await client.ask('cert', 'rotate', body, rotateReplySchema, mutationHeaders());
    io.out(json ? formatJson(reply) : `${reply.sentence}\n`);
    if (!json && !finish) io.err('watch it with: towpath cert show\n');
    return 0;
  });
}
