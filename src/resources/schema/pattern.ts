import { compileRegex } from '../../core/regex.ts';
import type { z } from '../../core/schema.ts';
import { CODES } from '../codes.ts';

/** Reports a bad regular expression (RE2 syntax, linear time) under its own code. `path`: where it stands in the value that is being refined. */
export function refusePattern(text: string, path: PropertyKey[], ctx: z.core.$RefinementCtx<unknown>): void {
  const regex = compileRegex(text);
  if (regex.ok) return;
  ctx.addIssue({ code: 'custom', message: regex.error, path, params: { code: CODES.invalidRegex } });
}
