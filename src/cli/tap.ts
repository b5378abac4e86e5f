/** `towpath tap`: requests and connections of a service or a host, as they end. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isToken, type Subjects, subjectsOf } from '../contract/subjects.ts';
import { MAX_TAP_PER_SECOND, type TapAnswer, type TapFilter, tapFilterSchema } from '../contract/tap-messages.ts';
import { problemsOf } from '../core/schema.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf, withControl } from './ask-control.ts';
import type { Command, CommandIo } from './command.ts';
import { formatTap } from './format-tap.ts';
import { parseCount } from './parse-count.ts';
import { parseDuration } from './parse-duration.ts';
import { parseWords, wrongUsage } from './parse-words.ts';
import { followTaps, type TapEnd, TapTotals } from './tap-session.ts';

const HELP = `Shows requests as they end, and connections that carry none, until it is interrupted (Ctrl-C). Agents make records for it only while somebody
taps, and stop by themselves a few seconds after this command has gone. No header fields and no bodies are shown.

Usage:
  towpath tap SERVICE [OPTIONS]         what is sent to a service, as the agents of the callers see it
  towpath tap SERVICE --inbound         what arrives at a workload, as its agent sees it; shows callers without an agent too
  towpath tap host:HOST [OPTIONS]       what passes the agent of a host, both ways
  towpath tap [OPTIONS]                 what passes any agent

Options:
  -n, --namespace NAME  of SERVICE (default: default)
  --host HOST       ask the agent of this host alone
  --inbound, --outbound
                    what arrives at programs here, what programs here send (default: outbound of a SERVICE, else both)
  --from CALLER     a workload (shop/web), host:HOST, an identity, or an IP address
  --route ROUTE     NAMESPACE/NAME of a route, or with /RULE
  --status CODES    503, 5xx, or several: 404,5xx
  --method METHOD   such as GET
  --path PREFIX     what the path begins with
  --flag FLAG       a response flag such as UF (towpath why), or: any
  --min TIME        what took at least so long: 250ms, 1s
  --for TIME        end after this time: 30s
  --limit N         end after so many
  --per-second N    at most so many from each agent (default: 100, most: ${MAX_TAP_PER_SECOND}); more are left out, and counted
  -o json           one object a line
${CONNECTION_HELP}
Examples:
  towpath tap orders -n shop
  towpath tap orders -n shop --status 5xx --for 30s
  towpath tap host:web-01 --inbound --min 250ms
  towpath tap --flag any -o json | jq .sentence
`;

const OPTIONS = {
  ...CONNECTION_OPTIONS,
  namespace: { type: 'string', short: 'n', default: 'default' },
  host: { type: 'string' },
  inbound: { type: 'boolean', default: false },
  outbound: { type: 'boolean', default: false },
  from: { type: 'string' },
  route: { type: 'string' },
  status: { type: 'string' },
  method: { type: 'string' },
  path: { type: 'string' },
  flag: { type: 'string' },
  min: { type: 'string' },
  for: { type: 'string' },
  limit: { type: 'string' },
  'per-second': { type: 'string', default: '100' },
  output: { type: 'string', short: 'o' },
} as const;

type Values = ReturnType<typeof parseWords<typeof OPTIONS>>['values'];

export const tapCommand: Command = {
  name: 'tap',
  summary: 'show requests as they happen',
  help: HELP,
  completions: [...Object.keys(OPTIONS).map((name) => `--${name}`), '-n', '-o', '-s', '--help'],
  completesLive: true,
  run: runTap,
};

async function runTap(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('tap', args, OPTIONS, 1);
  const connection = connectionOf('tap', values, io);
  const { host, filter } = targetOf(values, positionals[0]);
  const limit = values.limit === undefined ? Number.POSITIVE_INFINITY : parseCount('tap', '--limit', values.limit);
  const forMs = values.for === undefined ? null : parseDuration('tap', '--for', values.for);
  const perSecond = parseCount('tap', '--per-second', values['per-second']);
  if (perSecond > MAX_TAP_PER_SECOND)
    throw wrongUsage('tap', `--per-second must be at most ${MAX_TAP_PER_SECOND}, not ${perSecond}`);
  const question = { tap: randomUUID(), perSecond, filter };
  const subject = subjectOf(subjectsOf(connection.mesh), host);
  return withControl(connection, async ({ bus }) => {
    using end = untilInterrupted(forMs);
    const totals = new TapTotals(limit, perSecond);
    const show = ({ records }: TapAnswer): void => {
      for (const record of records)
        io.out(values.output === 'json' ? `${JSON.stringify(record)}\n` : formatTap(record, io));
    };
    await followTaps({ bus, subject, host, question }, end, totals, show, io);
    io.err(`${totals.sentence()}\n`);
    return 0;
  });
}

interface Target {
  /** null: all agents. */
  readonly host: string | null;
  readonly filter: TapFilter;
}

/** Throws UserError (exit status 2). */
function targetOf(values: Values, word: string | undefined): Target {
  const isHost = word?.startsWith('host:') === true;
  const host = isHost ? (word ?? '').slice('host:'.length) : (values.host ?? null);
  if (host !== null && !isToken(host))
    throw wrongUsage('tap', `the host id "${host}" must be lower-case letters, digits, - or _`);
  if (values.inbound && values.outbound) throw wrongUsage('tap', 'choose --inbound or --outbound, or neither');
  const service = word === undefined || isHost ? undefined : word.includes('/') ? word : `${values.namespace}/${word}`;
  const side = values.inbound ? 'inbound' : values.outbound || service !== undefined ? 'outbound' : undefined;
  const { from: caller, route, flag, path: pathPrefix, min } = values;
  const wanted = {
    ...{ side, service, caller, route, flag, pathPrefix },
    status: values.status?.toLowerCase().split(','),
    method: values.method?.toUpperCase(),
    minMs: min === undefined ? undefined : parseDuration('tap', '--min', min),
  };
  const filter = tapFilterSchema.safeParse(wanted);
  if (filter.success) return { host, filter: filter.data };
  const [first] = problemsOf(filter.error, '');
  throw wrongUsage('tap', `${first?.path ?? 'an option'}: ${first?.message ?? 'is not understood'}`);
}

function subjectOf(subjects: Subjects, host: string | null): string {
  return host === null ? subjects.agents('tap') : subjects.agent(host, 'tap');
}

/** Ends by Ctrl-C, or after a time. @param forMs null: never by itself */
function untilInterrupted(forMs: number | null): TapEnd & Disposable {
  const controller = new AbortController();
  const { signal } = controller;
  const abort = (): void => controller.abort();
  process.on('SIGINT', abort).on('SIGTERM', abort);
  if (forMs !== null) void sleep(forMs, undefined, { signal }).then(abort, () => undefined);
  const dispose = (): void => {
    abort();
    process.off('SIGINT', abort).off('SIGTERM', abort);
  };
  return { signal, abort, [Symbol.dispose]: dispose };
}
