import { compileRegex } from '../../core/regex.ts';
import type { z } from '../../core/schema.ts';
import { CODES } from '../codes.ts';
import type { ValueMatch } from '../route-types.ts';

/** Each takes up to some ms to compile, at admission and in every agent that dials the service. */
const MAX_PATTERNS = 128;

/** A regular expression and where it stands. */
export interface PatternAt {
  readonly text: string;
  readonly path: readonly PropertyKey[];
}

/** Reports bad regular expressions (RE2 syntax, linear time) under their own code, and too many of them. */
export function refusePatterns(patterns: readonly PatternAt[], ctx: z.core.$RefinementCtx<unknown>): void {
  if (patterns.length > MAX_PATTERNS) {
    const message = `must have at most ${MAX_PATTERNS} regular expressions together, not ${patterns.length}`;
    ctx.addIssue({ code: 'custom', message });
    return;
  }
  for (const { text, path } of patterns) {
    const regex = compileRegex(text);
    if (regex.ok) continue;
    ctx.addIssue({ code: 'custom', message: regex.error, path: [...path], params: { code: CODES.invalidRegex } });
  }
}

/** The regular expressions in a list of conditions that stands in `field`. */
export function patternsOfValues(list: readonly ValueMatch[], field: string): PatternAt[] {
  return list.flatMap(({ type, value }, i) =>
    type === 'RegularExpression' ? [{ text: value, path: [field, i, 'value'] }] : [],
  );
}
