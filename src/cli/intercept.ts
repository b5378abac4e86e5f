/** `towpath intercept`: the rules that bring programs' connections to the agent. */
import { UserError } from '../core/errors.ts';
import * as intercept from '../intercept/index.ts';
import { startDetached } from '../intercept/run-command.ts';
import type { Command, CommandIo } from './command.ts';
import { formatRules } from './format-rules.ts';
import { INTERCEPT_HELP } from './intercept-help.ts';
import { describesRules, SETTING_OPTIONS, type SettingValues, settingsFrom } from './intercept-options.ts';
import { formatJson, paint } from './output.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

/** `await-confirmation` is not for people: it is the process that `apply --confirm` leaves behind. */
const VERBS = ['apply', 'remove', 'show', 'check', 'confirm', 'await-confirmation'] as const;
type Verb = (typeof VERBS)[number];

const OPTIONS = {
  ...SETTING_OPTIONS,
  confirm: { type: 'string' },
  raw: { type: 'boolean' },
  output: { type: 'string', short: 'o' },
} as const;

export const interceptCommand: Command = {
  name: 'intercept',
  summary: 'install, show, check or remove the interception rules of this host',
  help: INTERCEPT_HELP,
  completions: [...VERBS.slice(0, 5), ...Object.keys(OPTIONS).map((name) => `--${name}`), '-o', '--help'],
  run,
};

interface Request {
  readonly values: SettingValues & { readonly confirm?: string; readonly raw?: boolean; readonly output?: string };
  readonly words: readonly string[];
  readonly io: CommandIo;
}

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('intercept', args, OPTIONS, 3);
  const [word, ...words] = positionals;
  const verb = VERBS.find((v) => v === word);
  if (verb === undefined)
    throw wrongUsage('intercept', `towpath intercept needs one of ${VERBS.slice(0, 5).join(', ')}`);
  if (words[0] !== undefined && verb !== 'await-confirmation') {
    throw wrongUsage('intercept', `"${words[0]}" is one word too many`);
  }
  if (values.confirm !== undefined && verb !== 'apply') throw wrongUsage('intercept', '--confirm belongs to apply');
  return ACTIONS[verb]({ values, words, io });
}

const ACTIONS: Readonly<Record<Verb, (request: Request) => Promise<number>>> = {
  apply,
  remove,
  show,
  check,
  confirm,
  'await-confirmation': awaitConfirmation,
};

async function apply({ values, io }: Request): Promise<number> {
  const settings = protectSsh(settingsFrom(values), values, io);
  const problems = intercept.validateSettings(settings);
  if (problems.length > 0) throw new UserError(problems);
  const seconds = values.confirm === undefined ? null : secondsFrom(values.confirm);
  if (seconds === null) {
    await intercept.applyRules(settings);
    intercept.confirm();
  } else {
    await applyOnProbation(settings, seconds);
  }
  report(settings, seconds, values, io);
  return 0;
}

/** The way back is prepared before anything changes, and by a process of its own: the caller may be cut off by what he applies. */
async function applyOnProbation(settings: intercept.InterceptionSettings, seconds: number): Promise<void> {
  const token = await intercept.expectConfirmation();
  const program = process.argv[1] ?? '';
  startDetached(process.execPath, [
    ...process.execArgv,
    program,
    'intercept',
    'await-confirmation',
    token,
    String(seconds),
  ]);
  try {
    await intercept.applyRules(settings);
  } catch (error) {
    intercept.confirm();
    throw error;
  }
}

async function awaitConfirmation({ words }: Request): Promise<number> {
  const [token = '', seconds = ''] = words;
  await intercept.revertUnlessConfirmed(token, secondsFrom(seconds));
  return 0;
}

async function confirm({ io }: Request): Promise<number> {
  if (!intercept.confirm()) {
    throw new UserError({ code: 'TWP1311', message: 'no applied rules wait for a confirmation on this host' });
  }
  io.out('confirmed: the rules stay\n');
  return 0;
}

async function remove({ io }: Request): Promise<number> {
  const agentLives = (await intercept.isLeaseLive('v4')) || (await intercept.isLeaseLive('v6'));
  await intercept.removeRules();
  intercept.confirm();
  io.out('removed: no rule, set or route of Towpath is left\n');
  if (agentLives) {
    io.err(`${paint(io, 'yellow', 'hint:')} an agent is running here and will put its rules back; stop it first\n`);
  }
  return 0;
}

async function show({ values, io }: Request): Promise<number> {
  const settings = settingsFrom(values);
  const problems = intercept.validateSettings(settings);
  if (problems.length > 0) throw new UserError(problems);
  io.out(formatRules(settings, formatOf(values), io));
  return 0;
}

function formatOf(values: Request['values']): 'raw' | 'json' | 'text' {
  if (values.raw === true) return 'raw';
  return values.output === 'json' ? 'json' : 'text';
}

/** Without options: against what was applied here last; a host where nothing was applied is compared with the defaults. */
async function check({ values, io }: Request): Promise<number> {
  const recalled = describesRules(values) ? undefined : intercept.recallSettings();
  const settings = recalled ?? protectSsh(settingsFrom(values), values, { ...io, err: () => {} });
  const state = await intercept.checkRules(settings);
  const lease = settings.failure === 'closed' ? 'none' : (await intercept.isLeaseLive('v4')) ? 'live' : 'ended';
  if (values.output === 'json') {
    const differences = state.type === 'drifted' ? state.differences : [];
    io.out(formatJson({ state: state.type, differences, failure: settings.failure, lease }));
  } else {
    io.out(describeState(state, lease, io));
  }
  return state.type === 'in-force' ? 0 : 1;
}

function describeState(state: intercept.RuleState, lease: 'live' | 'ended' | 'none', io: CommandIo): string {
  switch (state.type) {
    case 'absent':
      return `${paint(io, 'yellow', 'absent')}: no rule, set or route of Towpath is on this host\n`;
    case 'drifted':
      return `${paint(io, 'red', 'drifted')}\n${state.differences.map((difference) => `  ${difference}\n`).join('')}`;
    case 'in-force': {
      const words = {
        live: 'an agent holds the lease: connections are redirected',
        ended: 'no agent holds the lease: connections go directly',
        none: 'failure: closed, so connections are refused while no agent runs',
      }[lease];
      return `${paint(io, 'green', 'in force')}; ${words}\n`;
    }
  }
}

function report(
  settings: intercept.InterceptionSettings,
  seconds: number | null,
  values: Request['values'],
  io: CommandIo,
): void {
  if (values.output === 'json') {
    io.out(formatJson({ state: 'in-force', failure: settings.failure, confirmWithinSeconds: seconds }));
    return;
  }
  const families = settings.ipv6 ? 'IPv4 and IPv6' : 'IPv4';
  const effect =
    settings.failure === 'open'
      ? 'they redirect while an agent refreshes the lease'
      : 'they redirect from now on, also when no agent runs';
  io.out(`in force for ${families}; ${effect}\n`);
  if (seconds !== null) io.out(`unless you run "towpath intercept confirm" within ${seconds} s, they are taken back\n`);
}

function protectSsh(
  settings: intercept.InterceptionSettings,
  values: SettingValues,
  io: CommandIo,
): intercept.InterceptionSettings {
  const port = values['capture-ssh'] === true ? undefined : intercept.findSshPort(io.env);
  if (port === undefined) return settings;
  const protectedSettings = intercept.excludeSshPort(settings, port);
  if (protectedSettings !== settings) io.err(`port ${port} is left alone: your SSH session comes in by it\n`);
  return protectedSettings;
}

/** `60s`, `2m` or plain seconds. */
function secondsFrom(text: string): number {
  const [, amount, unit] = /^(\d{1,5})(s|m)?$/.exec(text) ?? [];
  const seconds = Number(amount) * (unit === 'm' ? 60 : 1);
  if (amount !== undefined && seconds >= 1 && seconds <= 86_400) return seconds;
  throw wrongUsage('intercept', `--confirm takes a time such as 60s or 5m, not "${text}"`);
}
