import { z } from '../../core/schema.ts';
import { parseDuration } from '../parse-duration.ts';
import type { FilteredBackendRef, HTTPRouteRetry, HTTPRouteRule, HTTPRouteSpec, RouteFilter } from '../route-types.ts';
import { duration } from './duration.ts';
import { distinct, unsupported } from './fields.ts';
import { httpMatch, MATCH_EVERYTHING, patternsOfHttpMatch } from './http-match.ts';
import { httpBackendFilters, httpFilters } from './route-filters.ts';
import { MAX_BACKENDS, parentRefs, refuseWithoutPort, weightedFields } from './route-refs.ts';
import { hostnames, MAX_MATCHES, ruleList, ruleName } from './route-rules.ts';
import { sessionPersistence } from './session-persistence.ts';

const MAX_ATTEMPTS = 100;

const backendRef = z
  .strictObject({ ...weightedFields, filters: httpBackendFilters })
  .superRefine(refuseWithoutPort) satisfies z.ZodType<FilteredBackendRef>;

const timeouts = z
  .strictObject({ request: duration.optional(), backendRequest: duration.optional() })
  .superRefine(({ request, backendRequest }, ctx) => {
    const whole = parseDuration(request ?? '') ?? 0;
    if (whole === 0 || (parseDuration(backendRequest ?? '') ?? 0) <= whole) return;
    ctx.addIssue({ code: 'custom', message: 'must not be longer than timeouts.request', path: ['backendRequest'] });
  });

/** GEP-1731. */
const retry = z.strictObject({
  codes: z.array(z.int().min(400).max(599)).superRefine(distinct).default([]),
  attempts: z.int().min(1).max(MAX_ATTEMPTS).optional(),
  backoff: duration.optional(),
}) satisfies z.ZodType<HTTPRouteRetry>;

const rule = z
  .strictObject({
    name: ruleName,
    matches: z.array(httpMatch).max(MAX_MATCHES).default([]),
    filters: httpFilters,
    backendRefs: z.array(backendRef).max(MAX_BACKENDS).default([]),
    timeouts: timeouts.optional(),
    retry: retry.optional(),
    sessionPersistence: sessionPersistence.optional(),
  })
  .transform(({ matches, ...rest }): HTTPRouteRule => {
    return { ...rest, matches: matches.length === 0 ? [MATCH_EVERYTHING] : matches };
  })
  .superRefine((value, ctx) => {
    const { filters, backendRefs } = value;
    const redirect = filters.findIndex(({ type }) => type === 'RequestRedirect');
    if (redirect >= 0 && backendRefs.length > 0) {
      const message = 'RequestRedirect and backendRefs exclude each other: nothing is sent to a backend';
      ctx.addIssue({ code: 'custom', message, path: ['filters', redirect, 'type'] });
    }
    if (hasOnePrefix(value)) return;
    const lists: [PropertyKey[], readonly RouteFilter[]][] = backendRefs.map((ref, i) => [
      ['backendRefs', i, 'filters'],
      ref.filters,
    ]);
    for (const [path, list] of [[['filters'], filters] as const, ...lists]) {
      for (const [i, filter] of list.entries()) {
        if (!replacesPrefix(filter)) continue;
        const message = 'ReplacePrefixMatch needs a rule with exactly one match, whose path is a PathPrefix';
        ctx.addIssue({ code: 'custom', message, path: [...path, i, 'type'] });
      }
    }
  });

function hasOnePrefix({ matches: [first, second] }: HTTPRouteRule): boolean {
  return second === undefined && first?.path.type === 'PathPrefix';
}

function replacesPrefix(filter: RouteFilter): boolean {
  if (filter.type === 'URLRewrite') return filter.urlRewrite.path?.type === 'ReplacePrefixMatch';
  return filter.type === 'RequestRedirect' && filter.requestRedirect.path?.type === 'ReplacePrefixMatch';
}

const DEFAULT_RULE: HTTPRouteRule = { matches: [MATCH_EVERYTHING], filters: [], backendRefs: [] };

export const httpRouteSpec = z
  .strictObject({
    parentRefs,
    hostnames,
    rules: ruleList(rule, patternsOfHttpMatch).optional(),
    useDefaultGateways: unsupported('gateways are not supported'),
  })
  .transform((spec): HTTPRouteSpec => {
    return { parentRefs: spec.parentRefs, hostnames: spec.hostnames, rules: spec.rules ?? [DEFAULT_RULE] };
  });
