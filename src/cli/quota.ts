/** `towpath quota`: global limits, what is used of them, and by whom. */
import { quotaListReplySchema } from '../contract/quota-messages.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf, withControl } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { formatQuotas, formatQuotasWide } from './format-quotas.ts';
import { formatJson } from './output.ts';
import { parseCount } from './parse-count.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

const HELP = `Shows the global rate limits (rateLimit.global of BackendTrafficPolicies): what each caller has used of the window that runs, those
that are nearest to their limit first. Tokens are given to hosts in small blocks: what a host holds and has not used is not counted.

Usage:
  towpath quota [SERVICE] [--near PERCENT] [-o wide|json]

Options:
  --near PERCENT    only who has used so much of a limit, or more
  -n, --namespace NAME  of SERVICE (default: default)
  -o FORMAT         wide: with policy, rule and the tokens of each host; json
${CONNECTION_HELP}
Examples:
  towpath quota
  towpath quota --near 80
  towpath quota orders -n shop -o wide
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  namespace: { type: 'string', short: 'n', default: 'default' },
  near: { type: 'string', default: '0' },
  format: { type: 'string', short: 'o', default: 'table' },
} as const;

export const quotaCommand: Command = {
  name: 'quota',
  summary: 'show who is near a global rate limit',
  help: HELP,
  completions: ['--near', '-n', '-o', '--server', '--mesh', '--creds', '--help'],
  run: runQuota,
};

async function runQuota(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('quota', args, OPTIONS, 1);
  if (!['table', 'wide', 'json'].includes(values.format))
    throw wrongUsage('quota', `-o must be wide or json, not ${values.format}`);
  const near = values.near === '0' ? 0 : parseCount('quota', '--near', values.near);
  if (near > 100) throw wrongUsage('quota', '--near is a percentage, from 0 to 100');
  const [name] = positionals;
  const service = name === undefined || name.includes('/') ? name : `${values.namespace}/${name}`;
  return withControl(connectionOf('quota', values, io), async (client) => {
    const reply = await client.ask('quota', 'list', JSON.stringify({ service, near }), quotaListReplySchema);
    if (values.format === 'json') io.out(formatJson(reply));
    else if (reply.items.length === 0) io.err('nobody has used any of a global limit\n');
    else io.out(values.format === 'wide' ? formatQuotasWide(reply) : formatQuotas(reply, io));
    if (reply.truncated) io.err('there are more; name a service, or ask with --near\n');
    return 0;
  });
}
