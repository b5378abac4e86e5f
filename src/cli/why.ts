/** `towpath why`: the record of a failure, from whichever agent has it. */
import { decodeJson, MAX_VIEW_BYTES } from '../contract/decode.ts';
import { type FailureRecord, type WhyReply, whyReplySchema, whyRequestSchema } from '../contract/failure-record.ts';
import { UserError } from '../core/errors.ts';
import { askAdmin } from './ask-agent.ts';
import { askAgents, askHost, CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { formatWhy } from './format-why.ts';
import { formatJson } from './output.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

const HELP = `Tells why a request or a connection failed: which hop, which rule, which tries, what the peer did, and what to check. Every agent
keeps the last 4,000 failures that it answered, refused or cut itself.

Usage:
  towpath why ID                    from whichever agent has it, over NATS
  towpath why ID --host HOST        from the agent of that host
  towpath why ID --local            from the agent of this host, without NATS

ID is what the answer says in x-towpath-error (or its part before the dash, for all failures of a connection), an x-request-id, or a
trace id.

Options:
  --host HOST           host id of an agent
  --local               ask the admin port of this host
  --admin-port N        of the agent of this host (default: TOWPATH_ADMIN_PORT, else 15000)
  -o json               as JSON
${CONNECTION_HELP}
Exit status: 0 when it was found, 1 when no agent knows it.

Examples:
  curl -si http://orders.shop/ | grep x-towpath-error
  towpath why 5c0ffee1f4z-2
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  host: { type: 'string' },
  local: { type: 'boolean', default: false },
  'admin-port': { type: 'string' },
  output: { type: 'string', short: 'o' },
} as const;

/** As data threads make them (proxy/journal/connection-id.ts): one agent at most knows it. */
const OWN_ID = /^[0-9a-f]{10}[0-9a-z]+-[0-9]+$/;

export const whyCommand: Command = {
  name: 'why',
  summary: 'tell why a request failed',
  help: HELP,
  completions: ['--host', '--local', '--admin-port', '-o', '--server', '--mesh', '--creds', '--help'],
  run: runWhy,
};

async function runWhy(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('why', args, OPTIONS, 1);
  const request = whyRequestSchema.safeParse({ id: (positionals[0] ?? '').trim() });
  if (!request.success) throw wrongUsage('why', 'say which ID: it is in x-towpath-error of the answer');
  const { id } = request.data;
  const records = await find(id, values, io);
  if (records.length === 0)
    throw new UserError({
      code: 'TWP2720',
      message: `no agent knows "${id}"`,
      hint: 'agents keep the last 4,000 failures, and only those that the proxy itself answered, refused or cut',
    });
  io.out(values.output === 'json' ? formatJson({ records }) : records.map((one) => formatWhy(one, io)).join('\n'));
  return 0;
}

type Values = ReturnType<typeof parseWords<typeof OPTIONS>>['values'];

async function find(id: string, values: Values, io: CommandIo): Promise<readonly FailureRecord[]> {
  if (values.local || values['admin-port'] !== undefined)
    return readReply(await askAdmin(`/why?id=${encodeURIComponent(id)}`, values['admin-port'], io)).records;
  const connection = connectionOf('why', values, io);
  const body = JSON.stringify({ id });
  if (values.host !== undefined) return readReply(await askHost(connection, values.host, 'why', body)).records;
  const replies = await askAgents(connection, 'why', body, OWN_ID.test(id));
  const records = replies.flatMap((data) => {
    const reply = decodeJson(data, whyReplySchema, MAX_VIEW_BYTES);
    return reply.ok ? reply.value.records : [];
  });
  return records.sort((a, b) => a.time.localeCompare(b.time) || a.host.localeCompare(b.host));
}

function readReply(answer: unknown): WhyReply {
  const reply = whyReplySchema.safeParse(answer);
  if (reply.success) return reply.data;
  throw new UserError({ code: 'TWP2703', message: 'the answer is not understood: is the agent of another version?' });
}
