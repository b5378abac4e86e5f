/** Command-line words by Node's own parser, with its complaints as our sentences and exit status 2. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { UserError } from '../core/errors.ts';

const WRONG_USAGE = 2;

/** @param words the most words that are no options. `-o` is checked here: it must be json wherever it is offered. */
export function parseWords<T extends ParseArgsOptionsConfig>(
  command: string,
  args: readonly string[],
  options: T,
  words: number,
) {
  const parsed = parse(command, args, options);
  const extra = parsed.positionals[words];
  if (extra !== undefined) throw wrongUsage(command, `"${extra}" is one word too many`);
  const output = (parsed.values as Record<string, unknown>)['output'];
  if (output !== undefined && output !== 'json') throw wrongUsage(command, `-o must be json, not ${output}`);
  return parsed;
}

export function wrongUsage(command: string, message: string): UserError {
  return new UserError({ code: 'TWP2602', message, hint: `see: towpath ${command} --help` }, WRONG_USAGE);
}

function parse<T extends ParseArgsOptionsConfig>(command: string, args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    // Node adds advice about its own quoting after the first sentence.
    throw wrongUsage(command, (error as Error).message.split('. ')[0] ?? 'these words cannot be understood');
  }
}
