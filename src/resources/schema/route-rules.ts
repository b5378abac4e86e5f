import { z } from '../../core/schema.ts';
import { dnsSubdomain, refuseRepeats } from './fields.ts';
import { type PatternAt, refusePatterns } from './pattern.ts';

const MAX_RULES = 16;
export const MAX_MATCHES = 64;
const MAX_MATCHES_OF_ROUTE = 128;

export const ruleName = dnsSubdomain.optional();
/** Not read as host names: only their number and size are limited. */
export const hostnames = z.array(z.string().min(1).max(253)).max(16).default([]);

interface Rule<Match> {
  readonly name?: string | undefined;
  readonly matches: readonly Match[];
}

/** The rules of an HTTPRoute or GRPCRoute: names once each, not too many matches and regular expressions together. */
export function ruleList<Match, R extends Rule<Match>>(
  rule: z.ZodType<R & Rule<Match>>,
  patternsOf: (match: Match) => readonly PatternAt[],
) {
  return z
    .array(rule)
    .min(1)
    .max(MAX_RULES)
    .superRefine((list, ctx) => {
      const total = list.reduce((sum, { matches }) => sum + matches.length, 0);
      if (total > MAX_MATCHES_OF_ROUTE) {
        ctx.addIssue({
          code: 'custom',
          message: `must have at most ${MAX_MATCHES_OF_ROUTE} matches together, not ${total}`,
        });
      }
      const named = list.map(({ name }, i) => name ?? `#${i}`);
      refuseRepeats(
        named,
        (name) => name,
        (i, first) =>
          ctx.addIssue({ code: 'custom', message: `rules[${first}] has this name already`, path: [i, 'name'] }),
      );
      refusePatterns(patternsOfRules(list, patternsOf), ctx);
    });
}

function patternsOfRules<Match>(
  rules: readonly Rule<Match>[],
  patternsOf: (match: Match) => readonly PatternAt[],
): PatternAt[] {
  return rules.flatMap(({ matches }, i) =>
    matches.flatMap((match, j) =>
      patternsOf(match).map(({ text, path }) => ({ text, path: [i, 'matches', j, ...path] })),
    ),
  );
}
