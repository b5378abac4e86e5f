/** What a client is told that has used up its limit. */
import { type CompiledEdits, compileHeaderEdits } from '../codec/http1/header-edits.ts';
import { RESPONSE_FLAGS, type ResponseFlag } from '../response-flags.ts';
import type { Refusal } from './limit-verdict.ts';

/** While nobody counts, clients may try again after this many seconds. */
const OUTAGE_RETRY_S = 1;

/** As a decision on a request has it. */
export interface LimitAnswer {
  readonly type: 'answer';
  readonly flag: ResponseFlag;
  readonly status: number;
  readonly sentence: string;
  readonly service: string;
  readonly route: string;
  readonly edits: CompiledEdits | null;
}

/** 429, gRPC RESOURCE_EXHAUSTED; flag RL, or RLSE in an outage. The fields are those of Envoy (draft-ietf-httpapi-ratelimit-headers-03). */
export function refuse(refusal: Refusal, service: string, route = ''): LimitAnswer {
  const { policy, limit, caller, resetMs, isOutage } = refusal;
  const { requests, windowMs } = limit;
  const seconds = Math.max(1, Math.ceil(resetMs / 1000));
  const retry = isOutage ? OUTAGE_RETRY_S : seconds;
  const set = [
    { name: 'x-envoy-ratelimited', value: 'true' },
    { name: 'x-ratelimit-limit', value: `${requests}, ${requests};w=${Math.ceil(windowMs / 1000)}` },
    { name: 'x-ratelimit-remaining', value: '0' },
    { name: 'x-ratelimit-reset', value: String(retry) },
    { name: 'retry-after', value: String(retry) },
  ];
  const who = caller === '' ? '' : ` of ${caller}`;
  const sentence = isOutage
    ? `the quota${who} under ${policy} cannot be asked for, and the policy denies requests then`
    : `the limit${who} under ${policy} is reached: ${requests} in ${inWords(windowMs)}; try again in ${seconds} s`;
  const flag = isOutage ? 'RLSE' : 'RL';
  const edits = compileHeaderEdits({ set, add: [], remove: [] });
  return { type: 'answer', flag, status: RESPONSE_FLAGS[flag].status, sentence, service, route, edits };
}

function inWords(ms: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
    [1_000, 'second'],
  ];
  for (const [size, name] of units) {
    if (ms % size === 0) return ms === size ? `a ${name}`.replace('a hour', 'an hour') : `${ms / size} ${name}s`;
  }
  return `${ms} ms`;
}
