import type { RouteEntryView } from '../../contract/views.ts';

/**
 * Precedence of HTTPRouteRule matches (Gateway API): Exact path, longest PathPrefix, has a method, most headers, most
 * query parameters. The sort is stable: entries that tie keep the given order, which must be oldest route, then
 * `<namespace>/<name>`, then position in the route.
 */
export function orderEntries(entries: readonly RouteEntryView[]): RouteEntryView[] {
  return [...entries].sort(
    (a, b) =>
      Number(isExact(b)) - Number(isExact(a)) ||
      prefixLength(b) - prefixLength(a) ||
      Number(b.method !== null) - Number(a.method !== null) ||
      b.headers.length - a.headers.length ||
      b.query.length - a.query.length,
  );
}

function isExact(entry: RouteEntryView): boolean {
  return entry.path?.type === 'Exact';
}

/** Exact paths tie with each other: two different ones never match the same request. */
function prefixLength(entry: RouteEntryView): number {
  return entry.path?.type === 'PathPrefix' ? entry.path.value.length : 0;
}
