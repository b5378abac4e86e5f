import type { RouteActionView } from '../../contract/views.ts';
import { parseDuration } from '../parse-duration.ts';
import type { PolicyRetrySpec, RetryTrigger } from '../policy-types.ts';
import { keyOf, type ResourceIndex } from '../resource-index.ts';
import type { RequestRouteResource } from '../types.ts';
import { compileFault } from './compile-fault.ts';
import { compileLimits } from './compile-limits.ts';
import { compileSession } from './compile-session.ts';
import { policyForRouteRule } from './deciding-policy.ts';

/** Members of an action that a policy may set, for rules that do not set them themselves. */
export type RulePolicyView = Partial<
  Pick<RouteActionView, 'fault' | 'retry' | 'perTryTimeoutMs' | 'requestTimeoutMs' | 'sessionPersistence' | 'limits'>
>;

const NOTHING: RulePolicyView = {};

/**
 * What the policy that targets a rule, or its route, adds to the rule's action; nothing when there is none. Spread it before
 * what the rule says: the rule's own timeouts, retries and sessions beat the policy's.
 */
export function policyForRule(
  index: ResourceIndex,
  route: RequestRouteResource,
  rule: { readonly name?: string | undefined },
): RulePolicyView {
  const policy = policyForRouteRule(index, route, rule)?.resource;
  if (policy === undefined) return NOTHING;
  const { spec } = policy;
  const { faultInjection, retry, sessionPersistence, timeout } = spec;
  const fault = faultInjection === undefined ? null : compileFault(faultInjection);
  const request = timeout?.http?.requestTimeout;
  const owner = `${route.kind} ${keyOf(route)} ${rule.name ?? ''}`;
  const limits = compileLimits(spec.rateLimit, { policy: keyOf(policy), service: owner.trim(), hosts: 1 });
  return {
    ...(fault === null ? {} : { fault }),
    ...(retry === undefined ? {} : compileRetry(retry)),
    ...(sessionPersistence === undefined ? {} : { sessionPersistence: compileSession(sessionPersistence, owner) }),
    ...(request === undefined ? {} : { requestTimeoutMs: parseDuration(request) }),
    ...(limits.length === 0 ? {} : { limits }),
  };
}

const GATEWAY_ERRORS: readonly number[] = [502, 503, 504];
const SERVER_ERRORS: readonly number[] = Array.from({ length: 100 }, (_, i) => 500 + i);
const RETRIABLE_4XX: readonly number[] = [409];

/** Failed connections, resets and refused streams are retried in any case (Gateway API), so their triggers add nothing. */
const STATUSES: Readonly<Partial<Record<RetryTrigger, readonly number[]>>> = {
  '5xx': SERVER_ERRORS,
  'gateway-error': GATEWAY_ERRORS,
  'retriable-4xx': RETRIABLE_4XX,
};
/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const GRPC_STATUSES: Readonly<Partial<Record<RetryTrigger, number>>> = {
  cancelled: 1,
  'deadline-exceeded': 4,
  'resource-exhausted': 8,
  internal: 13,
  unavailable: 14,
};

function compileRetry({ numRetries, retryOn, perRetry }: PolicyRetrySpec): RulePolicyView {
  const statuses = [...retryOn.httpStatusCodes, ...retryOn.triggers.flatMap((trigger) => STATUSES[trigger] ?? [])];
  const grpcCodes = sorted(retryOn.triggers.flatMap((trigger) => GRPC_STATUSES[trigger] ?? []));
  const backoff = perRetry?.backOff?.baseInterval;
  const tryTimeout = perRetry?.timeout;
  return {
    retry: {
      attempts: numRetries,
      codes: sorted(statuses),
      ...(backoff === undefined ? {} : { backoffMs: parseDuration(backoff) ?? 0 }),
      ...(grpcCodes.length === 0 ? {} : { grpcCodes }),
    },
    ...(tryTimeout === undefined ? {} : { perTryTimeoutMs: parseDuration(tryTimeout) ?? 0 }),
  };
}

function sorted(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}
