/** The options of `towpath intercept` as interception settings. Pure. */
import type { ParseArgsOptionsConfig } from 'node:util';
import { UserError } from '../core/errors.ts';
import {
  DEFAULT_SETTINGS,
  type InterceptionSettings,
  type PortRange,
  type ProgramRedirect,
} from '../intercept/index.ts';

const TEXT = { type: 'string' } as const;
const LIST = { type: 'string', multiple: true } as const;
const FLAG = { type: 'boolean' } as const;

/** The options that describe the rules: one for each field of the agent file's `interception` section, under the same name. */
export const SETTING_OPTIONS = {
  'outbound-port': TEXT,
  'inbound-port': TEXT,
  'dns-port': TEXT,
  'no-dns': FLAG,
  gid: TEXT,
  failure: TEXT,
  'no-ipv6': FLAG,
  'capture-ssh': FLAG,
  'virtual-ips': LIST,
  'outbound-include-ports': LIST,
  'outbound-exclude-ports': LIST,
  'outbound-include-cidrs': LIST,
  'outbound-exclude-cidrs': LIST,
  'outbound-include-uids': LIST,
  'outbound-exclude-uids': LIST,
  'outbound-include-gids': LIST,
  'outbound-exclude-gids': LIST,
  'outbound-programs': LIST,
  'inbound-include-ports': LIST,
  'inbound-exclude-ports': LIST,
  'inbound-include-cidrs': LIST,
  'inbound-exclude-cidrs': LIST,
  'inbound-include-interfaces': LIST,
  'inbound-exclude-interfaces': LIST,
} as const satisfies ParseArgsOptionsConfig;

type OptionName = keyof typeof SETTING_OPTIONS;
/** What parseArgs found. */
export type SettingValues = Readonly<Partial<Record<OptionName, string | boolean | (string | boolean)[]>>>;

/** Whether any option that describes the rules was given. */
export function describesRules(values: SettingValues): boolean {
  return Object.keys(SETTING_OPTIONS).some((name) => values[name as OptionName] !== undefined);
}

/** Throws UserError (exit status 2) naming the option whose value cannot be read; ranges are judged by the settings' validation. */
export function settingsFrom(values: SettingValues): InterceptionSettings {
  const { outbound, inbound } = DEFAULT_SETTINGS;
  const ssh = values['capture-ssh'] === true ? [] : null;
  return {
    outboundPort: numberFrom(values, 'outbound-port') ?? DEFAULT_SETTINGS.outboundPort,
    inboundPort: numberFrom(values, 'inbound-port') ?? DEFAULT_SETTINGS.inboundPort,
    dnsPort: values['no-dns'] === true ? null : (numberFrom(values, 'dns-port') ?? DEFAULT_SETTINGS.dnsPort),
    gid: numberFrom(values, 'gid') ?? DEFAULT_SETTINGS.gid,
    failure: failureFrom(values),
    virtualIpRanges:
      values['virtual-ips'] === undefined ? DEFAULT_SETTINGS.virtualIpRanges : wordsOf(values, 'virtual-ips'),
    outbound: {
      includePorts: portChoice(values, 'outbound-include-ports'),
      excludePorts: [...(ssh ?? outbound.excludePorts), ...portsFrom(values, 'outbound-exclude-ports')],
      includeCidrs: wordsOf(values, 'outbound-include-cidrs'),
      excludeCidrs: wordsOf(values, 'outbound-exclude-cidrs'),
      includeUids: numbersFrom(values, 'outbound-include-uids'),
      excludeUids: numbersFrom(values, 'outbound-exclude-uids'),
      includeGids: numbersFrom(values, 'outbound-include-gids'),
      excludeGids: numbersFrom(values, 'outbound-exclude-gids'),
    },
    programs: programsFrom(values),
    inbound: {
      includePorts: portChoice(values, 'inbound-include-ports'),
      excludePorts: [...(ssh ?? inbound.excludePorts), ...portsFrom(values, 'inbound-exclude-ports')],
      includeCidrs: wordsOf(values, 'inbound-include-cidrs'),
      excludeCidrs: wordsOf(values, 'inbound-exclude-cidrs'),
      includeInterfaces: wordsOf(values, 'inbound-include-interfaces'),
      excludeInterfaces: wordsOf(values, 'inbound-exclude-interfaces'),
    },
    ipv6: values['no-ipv6'] !== true,
  };
}

function wrong(name: OptionName, message: string): UserError {
  return new UserError({ code: 'TWP1310', path: `--${name}`, message, hint: 'see: towpath intercept --help' }, 2);
}

/** Lists may be repeated and may hold commas. */
function wordsOf(values: SettingValues, name: OptionName): string[] {
  const given = values[name];
  const list = Array.isArray(given) ? given : given === undefined ? [] : [given];
  return list
    .flatMap((word) => String(word).split(','))
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

function numbersFrom(values: SettingValues, name: OptionName): number[] {
  return wordsOf(values, name).map((word) => {
    if (!/^\d{1,10}$/.test(word)) throw wrong(name, `"${word}" is not a number`);
    return Number(word);
  });
}

/** `PORT:uid:ID` and `PORT:gid:ID`; what is said of one port belongs together. */
function programsFrom(values: SettingValues): ProgramRedirect[] {
  const programs = new Map<number, ProgramRedirect>();
  for (const word of wordsOf(values, 'outbound-programs')) {
    const [, port, kind, id] = /^(\d{1,5}):([ug]id):(\d{1,10})$/.exec(word) ?? [];
    if (port === undefined) throw wrong('outbound-programs', `"${word}" is not PORT:uid:ID or PORT:gid:ID`);
    const { uids, gids } = programs.get(Number(port)) ?? { uids: [], gids: [] };
    const [more, kept] =
      kind === 'uid' ? [{ uids: [...uids, Number(id)] }, { gids }] : [{ gids: [...gids, Number(id)] }, { uids }];
    programs.set(Number(port), { port: Number(port), uids, gids, ...kept, ...more });
  }
  return [...programs.values()];
}

function numberFrom(values: SettingValues, name: OptionName): number | undefined {
  const numbers = numbersFrom(values, name);
  if (numbers.length > 1) throw wrong(name, 'takes one number');
  return numbers[0];
}

function failureFrom(values: SettingValues): 'open' | 'closed' {
  const failure = values['failure'] ?? DEFAULT_SETTINGS.failure;
  if (failure === 'open' || failure === 'closed') return failure;
  throw wrong('failure', `must be open or closed, not ${failure}`);
}

/** `*`, or ports; the word `none` captures nothing. */
function portChoice(values: SettingValues, name: OptionName): readonly PortRange[] | '*' {
  if (values[name] === undefined) return '*';
  const words = wordsOf(values, name);
  if (words.includes('*')) return '*';
  return words.length === 1 && words[0] === 'none' ? [] : portsFrom(values, name);
}

function portsFrom(values: SettingValues, name: OptionName): PortRange[] {
  return wordsOf(values, name).map((word) => {
    const [, from, to] = /^(\d{1,5})(?:[-:](\d{1,5}))?$/.exec(word) ?? [];
    if (from === undefined) throw wrong(name, `"${word}" is not a port or a range such as 8000-8999`);
    return { from: Number(from), to: Number(to ?? from) };
  });
}
