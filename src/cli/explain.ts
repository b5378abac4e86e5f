/** `towpath explain`: what becomes of a request, on a running agent or by files. */
import { admitFiles } from '../agent/standalone/admit-files.ts';
import { compileViews } from '../agent/standalone/compile-views.ts';
import { decisionTraceSchema, type ExplainQuestion, explainQuestionSchema } from '../contract/decision-trace.ts';
import { UserError } from '../core/errors.ts';
import { problemsOf, z } from '../core/schema.ts';
import { EndpointIndex, ResourceIndex } from '../resources/index.ts';
import { askAdmin } from './ask-agent.ts';
import { askHost, CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { formatTrace } from './format-trace.ts';
import { formatJson } from './output.ts';
import { parseWords, wrongUsage } from './parse-words.ts';
import { readManifests } from './read-manifests.ts';

const HELP = `Explains what becomes of a request: which service it reaches, which rules are tried and why they match or not, what the rule
does to it, the shares of the backends, and the endpoints with their state. Nothing is sent. The agent decides with the functions that
decide on traffic; a service that nobody has dialled yet is looked up as for a first connection.

Usage:
  towpath explain METHOD URL [-H 'name: value']...                the agent of this host
  towpath explain METHOD URL [-H 'name: value']... --host HOST    the agent of another host, over NATS
  towpath explain METHOD URL [-H 'name: value']... -f FILE...     resource files, without agent and NATS
  towpath explain METHOD URL --inbound [--as PRINCIPAL] [--from IP] [--host HOST]
                                                                  policies at a workload of the host; the port tells which

Options:
  -H, --header FIELD    a field of the request, as often as needed
  --host HOST           host id of an agent
  -f, --file FILE       a YAML or JSON file, a directory of them, or - for standard input
  -n, --namespace NAME  with -f: the namespace of the program that asks (default: default)
  --inbound             the request arrives at the host instead of being sent from it
  --as PRINCIPAL        who calls, trust-domain/ns/namespace/sa/account; without it nobody is known
  --from IP             where from
  --admin-port N        of the agent of this host (default: TOWPATH_ADMIN_PORT, else 15000)
  -o json               as JSON
${CONNECTION_HELP}
Exit status: 0 when the request would be forwarded, or answered by a rule; 1 when it would be refused.

Examples:
  towpath explain GET http://orders.shop/api/1
  towpath explain GET http://orders.shop/api/1 -H 'x-group: beta' --host web-01
  towpath explain POST http://orders.shop:8080/ -f services/ -f routes/
  towpath explain GET http://orders:8080/admin --inbound --as mesh/ns/shop/sa/web --host shop-01
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  header: { type: 'string', short: 'H', multiple: true },
  host: { type: 'string' },
  file: { type: 'string', short: 'f', multiple: true },
  namespace: { type: 'string', short: 'n', default: 'default' },
  inbound: { type: 'boolean', default: false },
  as: { type: 'string' },
  from: { type: 'string' },
  'admin-port': { type: 'string' },
  output: { type: 'string', short: 'o' },
} as const;

export const explainCommand: Command = {
  name: 'explain',
  summary: 'explain what becomes of a request',
  help: HELP,
  completions: [
    'GET',
    'POST',
    '-H',
    '--host',
    '-f',
    '-n',
    '--inbound',
    '--as',
    '--from',
    '--admin-port',
    '-o',
    '--server',
    '--mesh',
    '--creds',
    '--help',
  ],
  completesLive: true,
  run: runExplain,
};

async function runExplain(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('explain', args, OPTIONS, 2);
  const question = { ...questionOf(positionals, values.header ?? []), ...arrivalOf(values) };
  if (values.host !== undefined && values.file !== undefined)
    throw wrongUsage('explain', 'either --host or -f, not both');
  if (values.file !== undefined && question.arrives !== undefined)
    throw wrongUsage('explain', 'what arrives is decided by the agent of the host: ask it, without -f');
  const connection = connectionOf('explain', values, io);
  const answer =
    values.file !== undefined
      ? await explainByFiles(values.file, values.namespace, question)
      : values.host !== undefined
        ? await askHost(connection, values.host, 'explain', JSON.stringify(question))
        : await askAdmin(`/explain?${queryOf(question)}`, values['admin-port'], io);
  const parsed = decisionTraceSchema.extend({ host: z.string().default('') }).safeParse(answer);
  if (!parsed.success) {
    throw new UserError({ code: 'TWP2703', message: 'the answer is not understood: is the agent of another version?' });
  }
  const { host, ...trace } = parsed.data;
  io.out(values.output === 'json' ? formatJson(answer) : formatTrace(trace, host, io));
  return isServed(trace) ? 0 : 1;
}

function arrivalOf(values: {
  readonly inbound: boolean;
  readonly as?: string | undefined;
  readonly from?: string | undefined;
}): Pick<ExplainQuestion, 'arrives'> {
  const { inbound, as: principal, from: source } = values;
  if (!inbound && principal === undefined && source === undefined) return {};
  return {
    arrives: { ...(principal === undefined ? {} : { principal }), ...(source === undefined ? {} : { source }) },
  };
}

/** `http://` alone: of what is encrypted the proxy sees no request. */
function questionOf([method, url]: readonly string[], fields: readonly string[]): ExplainQuestion {
  if (method === undefined || url === undefined)
    throw wrongUsage('explain', 'say METHOD and URL: GET http://orders.shop/');
  const parts = /^http:\/\/([^/?#]+)([/?][^#]*)?$/.exec(url);
  if (parts === null) throw wrongUsage('explain', `"${url}" must be like http://orders.shop:80/path`);
  const headers = fields.map((field) => {
    const colon = field.indexOf(':');
    if (colon < 1) throw wrongUsage('explain', `-H must be like 'name: value', not "${field}"`);
    return [field.slice(0, colon).trim(), field.slice(colon + 1).trim()];
  });
  const path = parts[2] ?? '/';
  const question = { method, authority: parts[1], path: path.startsWith('/') ? path : `/${path}`, headers };
  const checked = explainQuestionSchema.safeParse(question);
  if (checked.success) return checked.data;
  const [problem] = problemsOf(checked.error, '');
  throw wrongUsage('explain', `${problem?.path ?? 'the request'}: ${problem?.message ?? 'cannot be read'}`);
}

function queryOf({ method, authority, path, headers, arrives }: ExplainQuestion): string {
  const query = new URLSearchParams({ method, authority, path });
  if (arrives !== undefined) query.append('arrives', 'true');
  for (const [name, value] of Object.entries(arrives ?? {})) if (value !== undefined) query.append(name, value);
  for (const [name, value] of headers) query.append('header', `${name}: ${value}`);
  return query.toString();
}

async function explainByFiles(
  paths: readonly string[],
  namespace: string,
  question: ExplainQuestion,
): Promise<unknown> {
  const admitted = admitFiles(await readManifests(paths), new ResourceIndex(), new Date());
  if (!admitted.ok) throw new UserError(admitted.error);
  const { directory, services } = compileViews(admitted.value, new EndpointIndex(), '', null, 1);
  // Loaded only here: the parser of the data plane is not needed to ask an agent.
  const { explainFiles } = await import('../proxy/explain/explain-files.ts');
  const trace = explainFiles(directory, services, [namespace], question);
  if (typeof trace === 'string') throw new UserError({ code: 'TWP0213', message: trace });
  return trace;
}

function isServed({ decision, target, routing, action }: z.output<typeof decisionTraceSchema>): boolean {
  if (target.type === 'workload') return decision?.type === 'forward';
  if (target.type !== 'service') return target.type === 'original';
  if (routing !== 'none' && action === null) return false;
  return decision === null || decision.type === 'forward' || decision.flag === '';
}
