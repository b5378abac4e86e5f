/** What most operators are made of: a text, a word or a number of a record. */
import type { RecordView } from '../records/record-view.ts';
import type { LineWriter } from './line-writer.ts';

/** Writes what the operator says of a record; false: it has nothing to say of it. `isText`: with the escapes of text lines. */
export type WriteOperator = (view: RecordView, out: LineWriter, isText: boolean) => boolean;

/** The same for every record. */
export function constant(text: string): WriteOperator {
  return (_view, out, isText) => {
    out.text(text, isText);
    return text !== '';
  };
}

/** @param place one of the AT_ places of words */
export function word(place: number): WriteOperator {
  return (view, out, isText) => {
    const text = view.word(place);
    out.text(text, isText);
    return text !== '';
  };
}

/** @param place one of the TEXT_ places @param most characters, 0 = all */
export function fieldText(place: number, most: number): WriteOperator {
  return (view, out, isText) => writeText(view, out, place, most, isText);
}

/** An address alone. @param place one of the TEXT_ places */
export function withoutPort(place: number): WriteOperator {
  return (view, out, isText) => {
    const text = view.text(place);
    out.text(text.slice(0, text.lastIndexOf(':')).replace(/^\[|\]$/g, ''), isText);
    return text !== '';
  };
}

/** A text of the record, escaped; false when it is empty. */
export function writeText(view: RecordView, out: LineWriter, place: number, most: number, isText: boolean): boolean {
  const length = view.textLength[place] ?? 0;
  if (length === 0) return false;
  out.escaped(view.data, view.textAt[place], most > 0 && most < length ? most : length, isText);
  return true;
}

/** A whole number; always true. */
export function writeNumber(out: LineWriter, value: number): boolean {
  out.number(value);
  return true;
}

/** @param place of the first of so many 32-bit words */
export function writeHex(view: RecordView, out: LineWriter, place: number, words: number): boolean {
  for (let i = 0; i < words; i++) out.hexWord(view.int(place + 4 * i));
  return true;
}
