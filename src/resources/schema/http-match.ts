import { z } from '../../core/schema.ts';
import type { HTTPRouteMatch } from '../types.ts';
import { refuseRepeats } from './fields.ts';
import { headerName, headerValue } from './header-modifier.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] as const;
const PATH_CHARACTERS = /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/;
const MAX_CONDITIONS = 16;

function matchType<const T extends readonly [string, ...string[]]>(types: T) {
  return z.enum(types, {
    error: ({ input }) =>
      input === 'RegularExpression' ? `RegularExpression is not supported yet; use ${types.join(' or ')}` : undefined,
  });
}

const path = z
  .strictObject({
    type: matchType(['Exact', 'PathPrefix']).default('PathPrefix'),
    value: z
      .string()
      .max(1024)
      .superRefine((value, ctx) => {
        const message = pathProblem(value);
        if (message !== null) ctx.addIssue({ code: 'custom', message });
      })
      .default('/'),
  })
  .default({ type: 'PathPrefix', value: '/' });

/** The rules of the Gateway API for Exact and PathPrefix values: such a path could never match a normalised request. */
function pathProblem(value: string): string | null {
  if (!value.startsWith('/')) return 'must begin with "/"';
  for (const part of ['//', '/./', '/../', '#']) if (value.includes(part)) return `must not contain "${part}"`;
  if (/%2f/i.test(value)) return 'must not contain an encoded slash (%2f)';
  for (const end of ['/..', '/.']) if (value.endsWith(end)) return `must not end with "${end}"`;
  return PATH_CHARACTERS.test(value) ? null : 'has characters that cannot stand in a path; percent-encode them';
}

const headers = z
  .array(z.strictObject({ type: matchType(['Exact']).default('Exact'), name: headerName, value: headerValue }))
  .max(MAX_CONDITIONS)
  .superRefine((list, ctx) => {
    refuseRepeats(
      list,
      ({ name }) => name.toLowerCase(),
      (i, first) =>
        ctx.addIssue({ code: 'custom', message: `headers[${first}] names this header already`, path: [i, 'name'] }),
    );
  })
  .default([]);

const queryParams = z
  .array(
    z.strictObject({
      type: matchType(['Exact']).default('Exact'),
      name: z
        .string()
        .min(1)
        .max(256)
        .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, { error: 'has characters that are not allowed here' }),
      value: z
        .string()
        .min(1)
        .max(1024)
        .regex(/^\P{Cc}+$/u, { error: 'must not contain control characters' }),
    }),
  )
  .max(MAX_CONDITIONS)
  .superRefine((list, ctx) => {
    refuseRepeats(
      list,
      ({ name }) => name,
      (i, first) =>
        ctx.addIssue({
          code: 'custom',
          message: `queryParams[${first}] names this parameter already`,
          path: [i, 'name'],
        }),
    );
  })
  .default([]);

export const httpMatch = z
  .strictObject({ path, method: z.enum(METHODS).optional(), headers, queryParams })
  .transform(({ path, method, headers, queryParams }): HTTPRouteMatch => {
    return { path, ...(method === undefined ? {} : { method }), headers, queryParams };
  });

export const MATCH_EVERYTHING: HTTPRouteMatch = {
  path: { type: 'PathPrefix', value: '/' },
  headers: [],
  queryParams: [],
};
