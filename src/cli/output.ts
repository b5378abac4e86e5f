/** How commands print: tables, colours, JSON, and errors as sentences. Pure: text in, text out. */
import type { Problem, UserError } from '../core/errors.ts';
import type { CommandIo } from './command.ts';

const COLOURS = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const;
export type Colour = keyof typeof COLOURS;

export function paint(io: Pick<CommandIo, 'colour'>, colour: Colour, text: string): string {
  return io.colour ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text;
}

/** Columns as wide as their widest cell, two spaces between, no trailing spaces; `header` in capitals as kubectl does. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header.map((title) => title.toUpperCase()), ...rows.map((row) => row.map(oneLine))];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => visibleLength(line[column] ?? ''))));
  const pad = (cell: string, width: number): string => cell + ' '.repeat(width - visibleLength(cell));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, i) => pad(cell, widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** `error: agent.yaml: ports.admin: must be at most 65535`, one line per problem, each hint once at the end. */
export function formatProblems(error: UserError, io: Pick<CommandIo, 'colour'>): string {
  const lines = error.problems.map((p) => `${paint(io, 'red', 'error:')} ${sentenceOf(p)}\n`);
  const hints = [...new Set(error.problems.flatMap((p) => p.hint ?? []))];
  return [...lines, ...hints.map((hint) => `${paint(io, 'yellow', 'hint:')} ${hint}\n`)].join('');
}

function sentenceOf({ path, message }: Problem): string {
  return path === undefined || path === '' ? message : `${path}: ${message}`;
}

const ESCAPE = '\u001b';
const OWN_COLOUR = new RegExp(`${ESCAPE}\\[\\d{1,2}m`, 'g');
/** Everything below a space, DEL, and an escape that does not begin a colour. */
const CONTROL = new RegExp(`[\u0000-\u001a\u001c-\u001f\u007f]|${ESCAPE}(?!\\[\\d{1,2}m)`, 'g');

/** Colours take no room on the screen. */
function visibleLength(text: string): number {
  return [...text.replace(OWN_COLOUR, '')].length;
}

/** A cell with a line feed or an escape sequence from outside must not break the table or the terminal. */
function oneLine(cell: string): string {
  return cell.replace(CONTROL, ' ');
}

const UNPRINTABLE = /(?!\n)\p{Cc}/gu;

/** Text of several lines from outside, without what could steer the terminal. */
export function plainLines(text: string): string {
  return text.replace(UNPRINTABLE, ' ');
}
