/** Words in, exit status out: finds the command, prints help, and turns errors into sentences. Never exits by itself. */
import { closestWord } from '../core/closest-word.ts';
import { UserError } from '../core/errors.ts';
import type { Command, CommandIo } from './command.ts';
import { COMMANDS, loadAllCommands } from './commands.ts';
import { formatProblems, formatTable } from './output.ts';

/** What was asked was understood and did not work. */
const FAILED = 1;
/** What was asked makes no sense. */
const WRONG_USAGE = 2;

export async function runCli(args: readonly string[], io: CommandIo): Promise<number> {
  try {
    return await dispatch(args, io);
  } catch (thrown) {
    const error = firstCause(thrown);
    if (error instanceof UserError) {
      io.err(formatProblems(error, io));
      return error.exitCode;
    }
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    io.err(`error: unexpected: ${message}\n`);
    if (io.env['TOWPATH_DEBUG'] !== undefined) io.err(`${stack}\n`);
    else io.err('hint: this is a defect of Towpath; TOWPATH_DEBUG=1 shows where it happened\n');
    return FAILED;
  }
}

/** What went wrong first: undoing what was begun may have failed too, often for the same reason. */
function firstCause(error: unknown): unknown {
  return error instanceof SuppressedError ? firstCause(error.suppressed) : error;
}

async function dispatch(args: readonly string[], io: CommandIo): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined) {
    io.err(await usage());
    return WRONG_USAGE;
  }
  if (first === '--help' || first === '-h' || first === 'help') return help(rest, io);
  const name = first === '--version' ? 'version' : first;
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) throw unknownCommand(first);
  const command = await load();
  if (!asksForHelp(rest)) return command.run(rest, io);
  io.out(helpOf(command, rest[0]));
  return 0;
}

async function help([name]: readonly string[], io: CommandIo): Promise<number> {
  const load = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (name !== undefined && load === undefined) throw unknownCommand(name);
  io.out(load === undefined ? await usage() : (await load()).help);
  return 0;
}

function helpOf({ help: whole, verbs = {} }: Command, verb: string | undefined): string {
  return verb !== undefined && Object.hasOwn(verbs, verb) ? (verbs[verb] ?? whole) : whole;
}

/** What follows `--` belongs to another program. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end === -1 ? args.length : end).some((word) => word === '--help' || word === '-h');
}

function unknownCommand(word: string): UserError {
  const near = closestWord(word, Object.keys(COMMANDS));
  const message = `"${word}" is no command of towpath${near === null ? '' : `; did you mean "${near}"?`}`;
  return new UserError({ code: 'TWP2601', message, hint: 'towpath --help lists them' }, WRONG_USAGE);
}

async function usage(): Promise<string> {
  const rows = (await loadAllCommands()).map((command: Command) => [`  ${command.name}`, command.summary]);
  const [, ...lines] = formatTable(['', ''], rows).split('\n');
  return `Towpath gives unmodified programs on Linux hosts a service mesh: discovery, balancing, routing.

Usage:
  towpath COMMAND [ARGUMENTS]
  towpath COMMAND --help

Commands:
${lines.join('\n')}
Examples:
  sudo towpath agent --standalone examples/standalone.yaml
  towpath apply -f routes.yaml --wait
  sudo towpath lab up

Exit status: 0 done, 1 failed, 2 wrong usage.
`;
}
