/** `towpath explain --inbound`: which rate limits count a request, and in which bucket. Pure: counts nothing. */
import type { LimitTrace } from '../../contract/decision-trace.ts';
import { matchesCaller } from '../../contract/limit-views.ts';
import { appliesTo, bucketKey, type CompiledLimit, callerOf, type LimitedRequest, limitOf } from './compiled-limit.ts';

export function tellLimits(rules: readonly CompiledLimit[], request: LimitedRequest): LimitTrace {
  return rules.map((rule) => {
    const { callers, shadow } = rule.view;
    const caller = callerOf(rule, request);
    const counts = appliesTo(rule, request) && (callers === undefined || matchesCaller(callers, caller.name));
    const { requests, windowMs } = limitOf(rule, caller);
    const bucket = counts ? bucketKey(rule, caller, request) : '';
    return { rule: rule.policy, counts, bucket, requests, windowMs, shadow: shadow === true };
  });
}
