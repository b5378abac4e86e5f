/** `towpath host revoke`: a host that has joined is shut out. */

import { revokeHostSchema } from '../contract/join-messages.ts';
import { DEFAULT_DIRECTORY, layoutOf } from '../control/secure/layout.ts';
import { revokeUser } from '../control/secure/revoke-user.ts';
import { z } from '../core/schema.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf, mutationHeaders, withControl } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

const HELP = `Shuts a host out of a secured mesh: control gives it neither credentials nor certificates any more, and NATS ends its connection and takes
its credentials no longer. Certificates that it has are good until they expire (24 h unless changed). It may join again by a token for it.

Usage:
  towpath host revoke HOST [options]

Options:
  --keys DIR        where the keys of the mesh are (default ${DEFAULT_DIRECTORY}/keys)
${CONNECTION_HELP}
Examples:
  sudo towpath host revoke shop
`;

const OPTIONS = { ...CONNECTION_OPTIONS, keys: { type: 'string' } } as const;

export const hostCommand: Command = {
  name: 'host',
  summary: 'shut a host out of the mesh',
  help: HELP,
  completions: ['revoke', '--keys', '--help'],
  run,
};

async function run([verb, ...args]: readonly string[], io: CommandIo): Promise<number> {
  if (verb !== 'revoke') throw wrongUsage('host', 'say: towpath host revoke HOST');
  const { values, positionals } = parseWords('host', args, OPTIONS, 1);
  const body = revokeHostSchema.safeParse({ host: positionals[0] });
  if (!body.success) throw wrongUsage('host', 'say which host: its id is lower-case letters, digits, - or _');
  const connection = connectionOf('host', values, io);
  const keys = values.keys ?? layoutOf(DEFAULT_DIRECTORY).keys;
  const answer = z.object({ host: z.string(), publicKey: z.string() });
  const { publicKey } = await withControl(connection, (client) =>
    client.ask('host', 'revoke', JSON.stringify(body.data), answer, mutationHeaders()),
  );
  io.out(`${body.data.host}: no more credentials and certificates\n`);
  await revokeUser(connection, keys, publicKey);
  io.out(`${body.data.host}: NATS takes its credentials no longer\n`);
  return 0;
}
