import { z } from '../../core/schema.ts';
import type { ValueMatch } from '../route-types.ts';
import { refuseRepeats } from './fields.ts';
import { headerName, headerValue } from './header-modifier.ts';

const MAX_CONDITIONS = 16;

const matchType = z.enum(['Exact', 'RegularExpression']).default('Exact');

/** RegularExpression is for the whole value; its text may hold anything that is no control character. */
const patternText = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^\P{Cc}+$/u, { error: 'must not contain control characters' });

/** A condition on a named value. `exact` says what the value of type Exact may be; expressions are looked at with their route. */
function valueMatch(name: z.ZodType<string>, exact: z.ZodType<string>) {
  return z.strictObject({ type: matchType, name, value: patternText }).superRefine(({ type, value }, ctx) => {
    if (type === 'RegularExpression') return;
    for (const { message } of exact.safeParse(value).error?.issues ?? []) {
      ctx.addIssue({ code: 'custom', message, path: ['value'] });
    }
  });
}

/** At most 16, each name once: upstream only the first of a name counts, which hides the others. */
function conditions(match: z.ZodType<ValueMatch>, field: string, what: string, keyOf: (name: string) => string) {
  return z
    .array(match)
    .max(MAX_CONDITIONS)
    .superRefine((list, ctx) => {
      refuseRepeats(
        list,
        ({ name }) => keyOf(name),
        (i, first) =>
          ctx.addIssue({ code: 'custom', message: `${field}[${first}] names this ${what} already`, path: [i, 'name'] }),
      );
    });
}

export const headerMatches = conditions(valueMatch(headerName, headerValue), 'headers', 'header', (name) =>
  name.toLowerCase(),
).default([]);

const queryName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, { error: 'has characters that are not allowed here' });

const queryValue = z.string().max(1024);

export const queryMatches = conditions(
  valueMatch(queryName, queryValue),
  'queryParams',
  'parameter',
  (name) => name,
).default([]);

/** RFC 6265 section 4.1.1: what a cookie can be worth, with or without quotes. */
const cookieValue = z.string().regex(/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e"]+$/, {
  error: 'must be what a cookie can hold: printable ASCII without space, ",", ";" and "\\"',
});

export const cookieMatches = conditions(valueMatch(headerName, cookieValue), 'cookies', 'cookie', (name) => name).min(
  1,
);
