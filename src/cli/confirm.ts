/** `towpath confirm`: endpoints that fell silent together are really gone. */
import { confirmReplySchema } from '../contract/held-messages.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf, mutationHeaders, withControl } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { formatJson } from './output.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

const HELP = `Confirms that the silent endpoints of a service are gone. When most endpoints of a service fall silent within a minute, on two hosts
or more, control keeps them, for a fault of NATS or of the network is likelier than their death; "towpath status" shows what is held.
They are let go without this command when they are heard again, or when others have taken their place.

Usage:
  towpath confirm SERVICE [-n NAMESPACE]

Options:
  -n, --namespace NAME  (default: default)
  -o json               the answer as JSON
${CONNECTION_HELP}
Examples:
  towpath confirm orders -n shop
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  namespace: { type: 'string', short: 'n', default: 'default' },
  output: { type: 'string', short: 'o' },
} as const;

export const confirmCommand: Command = {
  name: 'confirm',
  summary: 'let go of endpoints that fell silent together',
  help: HELP,
  completions: ['-n', '-o', '--server', '--mesh', '--creds', '--help'],
  run: runConfirm,
};

async function runConfirm(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('confirm', args, OPTIONS, 1);
  const [name] = positionals;
  if (name === undefined) throw wrongUsage('confirm', 'say which: SERVICE');
  return withControl(connectionOf('confirm', values, io), async (client) => {
    const body = JSON.stringify({ namespace: values.namespace, name });
    const reply = await client.ask('service', 'confirm', body, confirmReplySchema, mutationHeaders());
    io.out(values.output === 'json' ? formatJson(reply) : `${reply.service}: ${reply.removed} endpoints taken out\n`);
    return 0;
  });
}
