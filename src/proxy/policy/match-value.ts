/** A value that a rule asks for: that text, or what a regular expression describes. */
import type { ValueMatchView } from '../../contract/route-views.ts';
import { compileRegex, type Regex } from '../../core/regex.ts';
import { constantBytes, equalsExact } from '../codec/http1/bytes.ts';

export interface WantedValue {
  readonly name: string;
  readonly lowerName: Uint8Array;
  readonly text: string;
  /** The text in UTF-8. */
  readonly bytes: Uint8Array;
  /** null: the text itself. */
  readonly regex: Regex | null;
}

/** What no text matches: a pattern that admission should have refused. */
const NEVER: Regex = { matchesWhole: () => false };
/** Compiled patterns are kept: a view is loaded anew with every change of an endpoint. */
const MAX_KNOWN = 1024;
const known = new Map<string, Regex>();

/** The pattern, compiled now or before; one that is invalid or too complex matches nothing. */
export function regexOf(pattern: string): Regex {
  const found = known.get(pattern);
  if (found !== undefined) return found;
  const compiled = compileRegex(pattern);
  const regex = compiled.ok ? compiled.value : NEVER;
  if (known.size === MAX_KNOWN) known.clear();
  known.set(pattern, regex);
  return regex;
}

/** Only the first entry of a name counts (Gateway API HTTPHeaderMatch, HTTPQueryParamMatch). */
export function compileValues(list: readonly ValueMatchView[]): WantedValue[] {
  const distinct = list.filter((item, i) => list.findIndex((other) => other.name === item.name) === i);
  return distinct.map(({ name, value, type }) => ({
    name,
    lowerName: constantBytes(name.toLowerCase()),
    text: value,
    bytes: new Uint8Array(Buffer.from(value, 'utf8')),
    regex: type === undefined ? null : regexOf(value),
  }));
}

/** True when `value` is what is wanted. */
export function matchesText({ text, regex }: WantedValue, value: string): boolean {
  return regex === null ? value === text : regex.matchesWhole(value);
}

/** As `matchesText`, for the bytes of a value in the memory. */
export function matchesBytes(wanted: WantedValue, memory: Buffer, at: number, length: number): boolean {
  if (wanted.regex === null) return equalsExact(memory, at, length, wanted.bytes);
  return wanted.regex.matchesWhole(memory.toString('utf8', at, at + length));
}
