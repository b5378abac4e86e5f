import type { RouteEntryView, ValueMatchView } from '../../contract/route-views.ts';
import { pathOfCall, serviceOf } from '../path-of-call.ts';
import type { GRPCRouteMatch, HTTPRouteMatch, ValueMatch } from '../route-types.ts';

/**
 * A compiled match with what decides its place: numbers that are compared one after the other, the greater one first
 * (Gateway API HTTPRouteRule.matches, GRPCRouteRule.matches).
 */
export interface RankedEntry {
  readonly rank: readonly number[];
  readonly entry: RouteEntryView;
}

/** Kinds of paths, best first. The prefix `/` is no condition, so regular expressions come before it and after all others. */
const RANKS = { Exact: 3, PathPrefix: 2, RegularExpression: 1 } as const;

/** One match of an HTTPRoute together with cookies that must match as well. */
export function rankHttpMatch(match: HTTPRouteMatch, cookies: readonly ValueMatch[], action: number): RankedEntry {
  const path = compilePath(match.path);
  // Two different Exact paths never match the same request, so their lengths do not count.
  const length = path === null || path.type === 'Exact' ? 0 : path.value.length;
  return {
    rank: [
      path === null ? 0 : RANKS[path.type],
      length,
      Number(match.method !== undefined),
      match.headers.length,
      match.queryParams.length,
      cookies.length,
    ],
    entry: {
      path,
      method: match.method ?? null,
      headers: compileHeaders(match.headers),
      query: compileValues(match.queryParams),
      ...compileCookies(cookies),
      action,
    },
  };
}

/** One match of a GRPCRoute: names before expressions, then most characters in the service, in the method, then headers. */
export function rankGrpcMatch(match: GRPCRouteMatch, cookies: readonly ValueMatch[], action: number): RankedEntry {
  const { method, headers } = match;
  const [service, name] = [serviceOf(method), method?.method ?? ''];
  return {
    rank: [
      method === undefined ? 0 : method.type === 'Exact' ? 2 : 1,
      service.length,
      name.length,
      headers.length,
      cookies.length,
    ],
    entry: {
      path: method === undefined ? null : pathOfCall(method),
      method: null,
      headers: compileHeaders(headers),
      query: [],
      ...compileCookies(cookies),
      action,
    },
  };
}

/** In precedence order. The sort is stable: entries that tie keep the given order, which must be oldest route first. */
export function orderEntries(entries: readonly RankedEntry[]): RouteEntryView[] {
  return [...entries].sort((a, b) => compareRanks(b.rank, a.rank)).map(({ entry }) => entry);
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [i, number] of a.entries()) {
    const difference = number - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The trailing `/` of a prefix has no meaning; the prefix `/` matches everything. */
function compilePath({ type, value }: HTTPRouteMatch['path']): RouteEntryView['path'] {
  if (type !== 'PathPrefix') return { type, value };
  const prefix = withoutSlash(value);
  return prefix === '' ? null : { type, value: prefix };
}

/** A prefix without its trailing slash. */
export function withoutSlash(prefix: string): string {
  return prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
}

function compileHeaders(headers: readonly ValueMatch[]): ValueMatchView[] {
  return compileValues(headers.map((header) => ({ ...header, name: header.name.toLowerCase() })));
}

function compileCookies(cookies: readonly ValueMatch[]): { cookies?: ValueMatchView[] } {
  return cookies.length === 0 ? {} : { cookies: compileValues(cookies) };
}

function compileValues(matches: readonly ValueMatch[]): ValueMatchView[] {
  return matches
    .map(({ type, name, value }) => (type === 'Exact' ? { name, value } : { name, value, type }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
