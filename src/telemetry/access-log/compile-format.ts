/** A format of the access log, ready to write lines: literals are bytes, operators know their place in a record. */
import type { LogFormat, Piece } from '../../contract/log-format.ts';
import type { RecordView } from '../records/record-view.ts';
import type { LineWriter } from './line-writer.ts';
import { type Places, writerOf } from './write-operator.ts';
import type { WriteOperator } from './write-value.ts';

/** Writes one line, with its line break. */
export type WriteLine = (view: RecordView, out: LineWriter) => void;

/** Bytes of one line, not counting the piece that goes beyond it. */
const MOST_LINE = 32_768;
/** Bytes that one line may need. */
export const LONGEST_LINE = 2 * MOST_LINE;

type Step =
  | { readonly type: 'literal'; readonly bytes: Uint8Array }
  /** As it is: text where nothing is `-`, and with the escapes of text or of JSON. */
  | { readonly type: 'inline'; readonly write: WriteOperator; readonly isText: boolean }
  /** A value of JSON: null where it has nothing to say. */
  | { readonly type: 'value'; readonly write: WriteOperator; readonly quoted: boolean };

export function compileFormat(format: LogFormat, places: Places): WriteLine {
  const steps = merge(format.type === 'text' ? textSteps(format.pieces, places) : jsonSteps(format.fields, places));
  return (view, out) => {
    const start = out.at;
    for (let i = 0; i < steps.length; i++) {
      take(steps[i] as Step, view, out);
      if (out.at - start > MOST_LINE) return giveUp(out, start, format.type);
    }
    out.byte(LINE_FEED);
  };
}

/** A line without an end helps nobody. */
function giveUp(out: LineWriter, start: number, type: LogFormat['type']): void {
  out.at = start;
  out.literal(type === 'json' ? bytesOf('{"error":"the line is too long"}\n') : bytesOf('- the line is too long\n'));
}

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const DASH = 0x2d;
const NULL = bytesOf('null');

function take(step: Step, view: RecordView, out: LineWriter): void {
  switch (step.type) {
    case 'literal':
      return out.literal(step.bytes);
    case 'inline':
      if (!step.write(view, out, step.isText)) out.byte(DASH);
      return;
    case 'value': {
      const { at } = out;
      if (step.quoted) out.byte(QUOTE);
      const isSaid = step.write(view, out, false);
      if (isSaid && step.quoted) out.byte(QUOTE);
      if (isSaid) return;
      out.at = at;
      return out.literal(NULL);
    }
  }
}

function textSteps(pieces: readonly Piece[], places: Places): Step[] {
  return pieces.map((piece) =>
    'literal' in piece
      ? { type: 'literal', bytes: bytesOf(piece.literal) }
      : { type: 'inline', write: writerOf(piece.operator, places), isText: true },
  );
}

function jsonSteps(fields: Extract<LogFormat, { type: 'json' }>['fields'], places: Places): Step[] {
  const steps = fields.flatMap(({ key, pieces }, i): Step[] => {
    const name: Step = { type: 'literal', bytes: bytesOf(`${i === 0 ? '{' : ','}${JSON.stringify(key)}:`) };
    return [name, ...valueSteps(pieces, places)];
  });
  return fields.length === 0
    ? [{ type: 'literal', bytes: bytesOf('{}') }]
    : [...steps, { type: 'literal', bytes: bytesOf('}') }];
}

/** One operator alone keeps its type; together with others, or with words, it is part of a text. */
function valueSteps(pieces: readonly Piece[], places: Places): Step[] {
  const [only] = pieces;
  if (pieces.length === 1 && 'operator' in only)
    return [{ type: 'value', write: writerOf(only.operator, places), quoted: only.operator.type === 'text' }];
  const inner = pieces.map(
    (piece): Step =>
      'literal' in piece
        ? { type: 'literal', bytes: bytesOf(JSON.stringify(piece.literal).slice(1, -1)) }
        : { type: 'inline', write: writerOf(piece.operator, places), isText: false },
  );
  const quote: Step = { type: 'literal', bytes: Buffer.of(QUOTE) };
  return [quote, ...inner, quote];
}

/** Literals side by side become one. */
function merge(steps: readonly Step[]): Step[] {
  const merged: Step[] = [];
  for (const step of steps) {
    const last = merged.at(-1);
    if (step.type === 'literal' && last?.type === 'literal')
      merged[merged.length - 1] = { type: 'literal', bytes: bytesOf(Buffer.concat([last.bytes, step.bytes])) };
    else merged.push(step);
  }
  return merged;
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return new Uint8Array(typeof text === 'string' ? Buffer.from(text, 'utf8') : text);
}
