/** A format of the access log, ready to write lines: literals are bytes, operators know their place in a record. */
import type { Piece as FormatPiece, LogFormat, Operator } from '../../contract/log-format.ts';
import { Piece, pieceOf } from '../../core/piece.ts';
import type { RecordView } from '../records/record-view.ts';
import { type Basis, basisOf, CONSTANT, join } from './basis.ts';
import type { LineWriter } from './line-writer.ts';
import { SteadyRun } from './steady-run.ts';
import { type Places, writerOf } from './write-operator.ts';
import type { WriteOperator } from './write-value.ts';

/** Writes one line, with its line break. */
export type WriteLine = (view: RecordView, out: LineWriter) => void;

/** Bytes of one line, not counting the piece that goes beyond it. */
const MOST_LINE = 32_768;
/** Bytes that one line may need. */
export const LONGEST_LINE = 2 * MOST_LINE;

const LITERAL = 0;
/** As it is: text where nothing is `-`, and with the escapes of text. */
const TEXT = 1;
/** The same inside a text of JSON. */
const INNER = 2;
/** A value of JSON, quoted or not: null where it has nothing to say. */
const QUOTED = 3;
const BARE = 4;
const RUN = 5;

/** One shape for all: a line is some thirty of them. */
interface Step {
  readonly type: number;
  readonly piece: Piece;
  readonly write: WriteOperator;
  readonly run: SteadyRun | null;
  /** null: another for nearly every record. */
  readonly basis: Basis | null;
}

export function compileFormat(format: LogFormat, places: Places): WriteLine {
  const steps = gather(
    merge(format.type === 'text' ? textSteps(format.pieces, places) : jsonSteps(format.fields, places)),
  );
  const tooLong = pieceOf(format.type === 'json' ? '{"error":"the line is too long"}\n' : '- the line is too long\n');
  return (view, out) => {
    const start = out.at;
    for (let i = 0; i < steps.length; i++) {
      take(steps[i] as Step, view, out);
      if (out.at - start > MOST_LINE) {
        // A line without an end helps nobody.
        out.at = start;
        return out.literal(tooLong);
      }
    }
    out.byte(LINE_FEED);
  };
}

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const DASH = 0x2d;
const NOTHING = pieceOf('');
const NULL = pieceOf('null');

function take(step: Step, view: RecordView, out: LineWriter): void {
  switch (step.type) {
    case LITERAL:
      return out.literal(step.piece);
    case RUN:
      return step.run?.write(view, out);
    case TEXT:
    case INNER:
      if (!step.write(view, out, step.type === TEXT)) out.byte(DASH);
      return;
    case QUOTED: {
      const { at } = out;
      out.byte(QUOTE);
      if (step.write(view, out, false)) return out.byte(QUOTE);
      out.at = at;
      return out.literal(NULL);
    }
    default:
      if (!step.write(view, out, false)) out.literal(NULL);
  }
}

function literal(text: string | Uint8Array): Step {
  const piece = typeof text === 'string' ? pieceOf(text) : new Piece(text);
  return { type: LITERAL, piece, write: () => true, run: null, basis: CONSTANT };
}

function operation(type: number, operator: Operator, places: Places): Step {
  return { type, piece: NOTHING, write: writerOf(operator, places), run: null, basis: basisOf(operator) };
}

function textSteps(pieces: readonly FormatPiece[], places: Places): Step[] {
  return pieces.map((piece) => ('literal' in piece ? literal(piece.literal) : operation(TEXT, piece.operator, places)));
}

function jsonSteps(fields: Extract<LogFormat, { type: 'json' }>['fields'], places: Places): Step[] {
  const steps = fields.flatMap(({ key, pieces }, i): Step[] => {
    const name = literal(`${i === 0 ? '{' : ','}${JSON.stringify(key)}:`);
    return [name, ...valueSteps(pieces, places)];
  });
  return fields.length === 0 ? [literal('{}')] : [...steps, literal('}')];
}

/** One operator alone keeps its type; together with others, or with words, it is part of a text. */
function valueSteps(pieces: readonly FormatPiece[], places: Places): Step[] {
  const [only] = pieces;
  if (pieces.length === 1 && 'operator' in only)
    return [operation(only.operator.type === 'text' ? QUOTED : BARE, only.operator, places)];
  const inner = pieces.map(
    (piece): Step =>
      'literal' in piece
        ? literal(JSON.stringify(piece.literal).slice(1, -1))
        : operation(INNER, piece.operator, places),
  );
  return [literal('"'), ...inner, literal('"')];
}

/** Literals side by side become one. */
function merge(steps: readonly Step[]): Step[] {
  const merged: Step[] = [];
  for (const step of steps) {
    const last = merged.at(-1);
    if (step.type === LITERAL && last?.type === LITERAL)
      merged[merged.length - 1] = literal(Buffer.concat([bytesOf(last.piece), bytesOf(step.piece)]));
    else merged.push(step);
  }
  return merged;
}

function bytesOf({ view, length }: Piece): Uint8Array {
  return new Uint8Array(view.buffer, 0, length);
}

/** Steady steps side by side become one, with the literals around them. */
function gather(steps: readonly Step[]): Step[] {
  const gathered: Step[] = [];
  let run: Step[] = [];
  const end = (): void => {
    if (run.some(({ type }) => type !== LITERAL)) gathered.push(runOf(run));
    else gathered.push(...run);
    run = [];
  };
  for (const step of steps) {
    if (step.basis !== null) run.push(step);
    else {
      end();
      gathered.push(step);
    }
  }
  end();
  return gathered;
}

function runOf(steps: readonly Step[]): Step {
  const basis = steps.reduce((sum, step) => join(sum, step.basis ?? CONSTANT), CONSTANT);
  const run = new SteadyRun(basis, (view, out) => {
    for (let i = 0; i < steps.length; i++) take(steps[i] as Step, view, out);
  });
  return { type: RUN, piece: NOTHING, write: () => true, run, basis };
}
