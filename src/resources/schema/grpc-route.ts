import { z } from '../../core/schema.ts';
import type { FilteredBackendRef, GRPCRouteRule, GRPCRouteSpec } from '../route-types.ts';
import { unsupported } from './fields.ts';
import { grpcMatch, MATCH_EVERY_CALL, patternsOfGrpcMatch } from './grpc-match.ts';
import { grpcBackendFilters, grpcFilters } from './route-filters.ts';
import { MAX_BACKENDS, parentRefs, refuseWithoutPort, weightedFields } from './route-refs.ts';
import { hostnames, MAX_MATCHES, ruleList, ruleName } from './route-rules.ts';
import { sessionPersistence } from './session-persistence.ts';

const backendRef = z
  .strictObject({ ...weightedFields, filters: grpcBackendFilters })
  .superRefine(refuseWithoutPort) satisfies z.ZodType<FilteredBackendRef>;

const rule = z
  .strictObject({
    name: ruleName,
    matches: z.array(grpcMatch).max(MAX_MATCHES).default([]),
    filters: grpcFilters,
    backendRefs: z.array(backendRef).max(MAX_BACKENDS).default([]),
    sessionPersistence: sessionPersistence.optional(),
    timeouts: unsupported('a GRPCRoute has no timeouts: callers say theirs in grpc-timeout'),
    retry: unsupported('a GRPCRoute has no retry'),
  })
  .transform(({ timeouts: _, retry: __, matches, ...rest }): GRPCRouteRule => {
    return { ...rest, matches: matches.length === 0 ? [MATCH_EVERY_CALL] : matches };
  });

const DEFAULT_RULE: GRPCRouteRule = { matches: [MATCH_EVERY_CALL], filters: [], backendRefs: [] };

export const grpcRouteSpec = z
  .strictObject({
    parentRefs,
    hostnames,
    rules: ruleList(rule, patternsOfGrpcMatch).optional(),
    useDefaultGateways: unsupported('gateways are not supported'),
  })
  .transform((spec): GRPCRouteSpec => {
    return { parentRefs: spec.parentRefs, hostnames: spec.hostnames, rules: spec.rules ?? [DEFAULT_RULE] };
  });
