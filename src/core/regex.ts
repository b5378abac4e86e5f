/**
 * Regular expressions of users, in the syntax of RE2 and in linear time. V8's own engine backtracks: one pattern and one crafted
 * path could hold up a data thread for ever.
 */
import { createRequire } from 'node:module';
import type * as Engine from 're2js';
import { estimateSize } from './regex-size.ts';
import { err, ok, type Result } from './result.ts';

export interface Regex {
  /** True when the pattern describes the whole text. A text of more than 8192 characters never matches. */
  matchesWhole(text: string): boolean;
}

/** Characters of a pattern; Gateway API allows as many for a path. */
const MAX_PATTERN = 1024;
/** Instructions of a compiled pattern: a character of a text costs at most one step for each. */
const MAX_PROGRAM = 1000;
/** Characters of a text that is looked at: with the limit above, no match takes longer than some tens of ms. */
const MAX_TEXT = 8192;
/** Bytes of the automaton that grows with the texts seen; when they are used up it starts anew. RE2's own default is 8 MB. */
const AUTOMATON_BYTES = 512 * 1024;

let engine: typeof Engine | null = null;

/** Loaded with the first pattern: it takes 7 MB in each thread, and most meshes have no regular expression. */
function loadEngine(): typeof Engine {
  engine ??= createRequire(import.meta.url)('re2js') as typeof Engine;
  return engine;
}

/**
 * Compiles a pattern; what it costs to do so, and to match, is bounded whatever the pattern is.
 * @returns the error as a sentence without its subject, such as `is not a regular expression: missing closing )`
 */
export function compileRegex(pattern: string): Result<Regex, string> {
  if (pattern.length > MAX_PATTERN) return err(`has more than ${MAX_PATTERN} characters`);
  // Refused before the engine writes out the repetitions, which could take seconds.
  if (estimateSize(pattern) > 2 * MAX_PROGRAM) return err(TOO_COMPLEX);
  try {
    const { RE2Set } = loadEngine();
    const set = new RE2Set(RE2Set.ANCHOR_BOTH, 0, AUTOMATON_BYTES);
    set.add(pattern);
    set.compile();
    if (set.prog.numInst() > MAX_PROGRAM) return err(TOO_COMPLEX);
    return ok({ matchesWhole: (text) => text.length <= MAX_TEXT && set.match(text).length > 0 });
  } catch (error) {
    return err(`is not a regular expression: ${error instanceof Error ? withoutPrefix(error.message) : String(error)}`);
  }
}

const TOO_COMPLEX = `is too complex: written out, its repetitions come to more than ${MAX_PROGRAM} steps`;

function withoutPrefix(message: string): string {
  return message.replace(/^error parsing regexp: /, '');
}
