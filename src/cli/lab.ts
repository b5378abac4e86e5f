/** `towpath lab`: hosts out of network namespaces on one machine. */
import { constants } from 'node:os';
import { UserError } from '../core/errors.ts';
import * as lab from '../lab/index.ts';
import type { Command, CommandIo } from './command.ts';
import { formatJson } from './output.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

const HELP = `Builds hosts out of network namespaces: own addresses, own iptables, own /etc/hosts, joined by a bridge that
reaches nothing outside. Needs root. docs/lab.md describes the topology file.

Usage:
  towpath lab up [--topology FILE]       bring the lab up and wait until everything in it is ready
  towpath lab status [-o json]           hosts, programs and services; status 1 unless all are ready
  towpath lab exec HOST -- COMMAND...    run a command inside a host, with its input, output and exit status
  towpath lab stop HOST PROGRAM          end one program (--signal KILL, STOP, CONT, ...; default TERM)
  towpath lab start HOST PROGRAM         start it again
  towpath lab names                      write the mesh's service names into the hosts' /etc/hosts again
  towpath lab down                       remove everything, also after a crash half-way

Options:
  --topology FILE   the hosts and programs (default: the shop that ships with Towpath)
  --name NAME       which lab, when there are several (default: default)
  --signal NAME     for stop
  -o json           for status

Examples:
  towpath lab up
  towpath lab exec shop -- curl -si http://orders.shop/
  towpath lab exec shop -- towpath status
  towpath lab stop orders-v2 nginx --signal KILL
  towpath lab up --topology lab/ipv6.yaml --name six && towpath lab exec six-client -- curl http://six-server/
  towpath lab down
`;

const VERBS = ['up', 'down', 'exec', 'status', 'stop', 'start', 'names'] as const;
type Verb = (typeof VERBS)[number];

export const labCommand: Command = {
  name: 'lab',
  summary: 'hosts out of network namespaces, for a first look and for tests',
  help: HELP,
  completions: [...VERBS, '--topology', '--name', '--signal', '-o', '--help'],
  run,
};

interface LabArguments {
  readonly verb: Verb;
  readonly words: readonly string[];
  /** What follows `--`. */
  readonly command: readonly string[];
  readonly name: string;
  readonly topology: string;
  readonly signal: NodeJS.Signals;
  readonly json: boolean;
}

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const given = parseLabArguments(args);
  switch (given.verb) {
    case 'up':
      return up(given, io);
    case 'down':
      return down(given, io);
    case 'exec':
      return exec(given, io);
    case 'status':
      return status(given, io);
    case 'stop':
      await lab.stopProgram(given.name, word(given, 0), word(given, 1), given.signal);
      return 0;
    case 'start':
      await lab.restartProgram(given.name, word(given, 0), word(given, 1));
      return 0;
    case 'names':
      return names(given, io);
  }
}

/** How many words each verb takes. */
const WORDS: Readonly<Record<Verb, number>> = { up: 0, down: 0, exec: 1, status: 0, stop: 2, start: 2, names: 0 };

const OPTIONS = {
  name: { type: 'string', default: 'default' },
  topology: { type: 'string', default: lab.DEFAULT_TOPOLOGY },
  signal: { type: 'string', default: 'TERM' },
  output: { type: 'string', short: 'o' },
} as const;

function parseLabArguments(args: readonly string[]): LabArguments {
  const dashes = args.indexOf('--');
  const end = dashes === -1 ? args.length : dashes;
  const { values, positionals } = parseWords('lab', args.slice(0, end), OPTIONS, 3);
  const verb = VERBS.find((v) => v === positionals[0]);
  if (verb === undefined) throw wrongUsage('lab', `towpath lab needs one of ${VERBS.join(', ')}`);
  const words = positionals.slice(1);
  if (words.length !== WORDS[verb]) {
    const needs = ['takes no further words', 'needs a HOST', 'needs a HOST and a PROGRAM'][WORDS[verb]];
    throw wrongUsage('lab', `towpath lab ${verb} ${needs}`);
  }
  const command = args.slice(end + 1);
  if ((verb === 'exec') !== command.length > 0)
    throw wrongUsage('lab', 'the form is: towpath lab exec HOST -- COMMAND...');
  const { name, topology } = values;
  return { verb, words, command, name, topology, signal: parseSignal(values.signal), json: values.output === 'json' };
}

function parseSignal(text: string): NodeJS.Signals {
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  if (name in constants.signals) return name as NodeJS.Signals;
  throw wrongUsage('lab', `"${text}" is no signal`);
}

function word(given: LabArguments, index: number): string {
  return given.words[index] ?? '';
}

async function up(given: LabArguments, io: CommandIo): Promise<number> {
  requireRoot();
  const topology = await lab.readTopology(given.topology);
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    await lab.bringUpLab(topology, given.name, {
      towpath: lab.findTowpath(),
      progress: (text) => io.err(`${text}\n`),
      signal: abort.signal,
    });
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
  const name = given.name === 'default' ? '' : ` --name ${given.name}`;
  io.out(`the lab is up; look around with "towpath lab status${name}", remove it with "towpath lab down${name}"\n`);
  return 0;
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new UserError({
    code: 'TWP1203',
    message: 'the lab makes network namespaces, which needs root',
    hint: 'use sudo',
  });
}

async function down(given: LabArguments, io: CommandIo): Promise<number> {
  requireRoot();
  const { existed, processes, namespaces } = await lab.takeDownLab(given.name);
  if (existed) io.out(`the lab is down: ${processes} processes ended, ${namespaces} namespaces removed\n`);
  else io.out(`there is no lab "${given.name}"; nothing to remove\n`);
  return 0;
}

async function exec(given: LabArguments, io: CommandIo): Promise<number> {
  const state = await lab.requireLab(given.name);
  const host = lab.requireHost(state, word(given, 0));
  return lab.runInHost(host, given.command, lab.hostEnvironment(state.plan, host, io.env, lab.BIN_FOLDER));
}

async function status(given: LabArguments, io: CommandIo): Promise<number> {
  const found = await lab.labStatus(given.name);
  if (found === null) {
    const others = await lab.listLabs();
    const hint = others.length === 0 ? 'bring one up with: towpath lab up' : `there are: ${others.join(', ')}`;
    throw new UserError({ code: 'TWP1210', message: `there is no lab "${given.name}"`, hint });
  }
  io.out(given.json ? formatJson(found) : lab.formatStatus(found));
  return lab.isHealthy(found) ? 0 : 1;
}

async function names(given: LabArguments, io: CommandIo): Promise<number> {
  const { plan } = await lab.requireLab(given.name);
  for (const { name, namespace, virtualIps } of await lab.publishServiceNames(plan, lab.findTowpath())) {
    io.out(`${name}.${namespace} ${virtualIps.join(' ')}\n`);
  }
  return 0;
}
