import { formatPath } from '../core/schema.ts';
import { attachParent } from './attach-parent.ts';
import { MAX_ENTRIES_PER_PORT } from './compile/attach-routes.ts';
import type { ResourceIndex } from './resource-index.ts';
import type { ParentRef } from './route-types.ts';
import type { RouteResource } from './types.ts';
import { type FilterClash, filterClashes, unresolvedRefs } from './unresolved-refs.ts';
import { accepted, refused, type Verdict } from './verdict.ts';

/** What is to be said of a route about one of its parents: Accepted, PartiallyInvalid while it is true, ResolvedRefs. */
export function routeVerdicts(index: ResourceIndex, route: RouteResource, ref: ParentRef): Verdict[] {
  return [...parentVerdicts(index, route, ref), referencesVerdict(index, route)];
}

function parentVerdicts(index: ResourceIndex, route: RouteResource, ref: ParentRef): Verdict[] {
  const state = attachParent(index, route, ref);
  if (state.type === 'refused') return [refused(state.reason, state.message)];
  const clashes = filterClashes(index, route);
  const [clash] = clashes;
  const clashing = new Set(clashes.map(({ rule }) => rule));
  if (clash !== undefined && clashing.size === route.spec.rules.length) {
    return [refused('IncompatibleFilters', `${formatPath(clash.path)}: ${clash.message}`)];
  }
  const dropped = new Set(state.dropped.map(({ index: i }) => i));
  const sentences = [
    droppedSentence(route, dropped, `one port carries at most ${MAX_ENTRIES_PER_PORT} matches`),
    droppedSentence(route, clashing, describeClash(clash)),
  ].filter((sentence) => sentence !== null);
  const verdict = accepted('the route is attached');
  if (sentences.length === 0) return [verdict];
  const message = sentences.join('; ');
  return [verdict, { type: 'PartiallyInvalid', status: 'True', reason: 'UnsupportedValue', message }];
}

/** Upstream fixes the first two words. */
function droppedSentence(route: RouteResource, rules: ReadonlySet<number>, why: string): string | null {
  if (rules.size === 0) return null;
  const names = [...rules].sort((a, b) => a - b).map((i) => route.spec.rules[i]?.name ?? String(i));
  return `Dropped Rule ${names.join(', ')}: ${why}`;
}

function describeClash(clash: FilterClash | undefined): string {
  return clash === undefined ? '' : `${clash.message}, so 500 is answered`;
}

function referencesVerdict(index: ResourceIndex, route: RouteResource): Verdict {
  const [first, ...others] = unresolvedRefs(index, route);
  if (first === undefined) {
    return { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: 'every reference resolves' };
  }
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  const message = `${formatPath(first.path)}: ${first.message}; ${first.effect}${more}`;
  return { type: 'ResolvedRefs', status: 'False', reason: first.reason, message };
}
