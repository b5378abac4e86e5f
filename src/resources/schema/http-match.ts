import { z } from '../../core/schema.ts';
import type { HTTPRouteMatch } from '../route-types.ts';
import { type PatternAt, patternsOfValues } from './pattern.ts';
import { headerMatches, queryMatches } from './value-match.ts';

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] as const;
const PATH_CHARACTERS = /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/;

export const pathMatch = z
  .strictObject({
    type: z.enum(['Exact', 'PathPrefix', 'RegularExpression']).default('PathPrefix'),
    value: z.string().max(1024).default('/'),
  })
  .superRefine(({ type, value }, ctx) => {
    const message = type === 'RegularExpression' ? null : pathProblem(value);
    if (message !== null) ctx.addIssue({ code: 'custom', message, path: ['value'] });
  });

const path = pathMatch.default({ type: 'PathPrefix', value: '/' });

/** The rules of the Gateway API for Exact and PathPrefix values: such a path could never match a normalised request. */
function pathProblem(value: string): string | null {
  for (const part of ['//', '/./', '/../', '#']) if (value.includes(part)) return `must not contain "${part}"`;
  if (/%2f/i.test(value)) return 'must not contain an encoded slash (%2f)';
  for (const end of ['/..', '/.']) if (value.endsWith(end)) return `must not end with "${end}"`;
  return absolutePathProblem(value);
}

/** Why a text cannot stand as the path of a request; null = it can. */
export function absolutePathProblem(value: string): string | null {
  if (!value.startsWith('/')) return 'must begin with "/"';
  return PATH_CHARACTERS.test(value) ? null : 'has characters that cannot stand in a path; percent-encode them';
}

export const httpMatch = z
  .strictObject({ path, method: z.enum(METHODS).optional(), headers: headerMatches, queryParams: queryMatches })
  .transform(({ path, method, headers, queryParams }): HTTPRouteMatch => {
    return { path, ...(method === undefined ? {} : { method }), headers, queryParams };
  });

export const MATCH_EVERYTHING: HTTPRouteMatch = {
  path: { type: 'PathPrefix', value: '/' },
  headers: [],
  queryParams: [],
};

/** The regular expressions of a match. */
export function patternsOfHttpMatch({ path, headers, queryParams }: HTTPRouteMatch): PatternAt[] {
  return [
    ...(path.type === 'RegularExpression' ? [{ text: path.value, path: ['path', 'value'] }] : []),
    ...patternsOfValues(headers, 'headers'),
    ...patternsOfValues(queryParams, 'queryParams'),
  ];
}
