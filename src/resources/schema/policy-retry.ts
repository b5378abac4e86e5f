import { z } from '../../core/schema.ts';
import { type PolicyRetrySpec, RETRY_TRIGGERS, type RetryConstraintSpec } from '../policy-types.ts';
import { defined } from './defined.ts';
import { positiveDuration } from './duration.ts';
import { unsupported } from './fields.ts';

/** Those of Envoy Gateway. */
const DEFAULT_RETRY_ON = {
  triggers: ['unavailable', 'cancelled', 'retriable-status-codes'],
  httpStatusCodes: [503],
} as const satisfies PolicyRetrySpec['retryOn'];

const retryOn = z
  .strictObject({
    triggers: z.array(z.enum(RETRY_TRIGGERS)).max(RETRY_TRIGGERS.length).default([]),
    httpStatusCodes: z.array(z.int().min(400).max(599)).max(200).default([]),
  })
  .superRefine(({ triggers, httpStatusCodes }, ctx) => {
    const wanted = triggers.includes('retriable-status-codes');
    if (wanted === httpStatusCodes.length > 0) return;
    const [path, message] = wanted
      ? ['httpStatusCodes', 'this field is required for the trigger retriable-status-codes']
      : ['triggers', 'httpStatusCodes needs the trigger retriable-status-codes'];
    ctx.addIssue({ code: 'custom', message, path: [path] });
  });

/** Retries of the rules that a policy targets, for those whose route says nothing itself. */
export const policyRetry = z
  .strictObject({
    numRetries: z.int().min(0).max(10).default(2),
    retryOn: retryOn.default(() => ({
      triggers: [...DEFAULT_RETRY_ON.triggers],
      httpStatusCodes: [...DEFAULT_RETRY_ON.httpStatusCodes],
    })),
    perRetry: z
      .strictObject({
        timeout: positiveDuration.optional(),
        backOff: z
          .strictObject({
            baseInterval: positiveDuration,
            maxInterval: unsupported('the pause doubles with each retry and has no other limit than numRetries'),
          })
          .optional(),
      })
      .transform((perRetry) => defined(perRetry))
      .optional(),
    numAttemptsPerPriority: unsupported('there is one priority of endpoints'),
  })
  .transform((spec): PolicyRetrySpec => defined(spec));

/** GEP-3388. */
export const retryConstraint = z
  .strictObject({
    budget: z
      .strictObject({ percent: z.int().min(0).max(100).default(20), interval: positiveDuration.default('10s') })
      .default(() => ({ percent: 20, interval: '10s' })),
    minRetryRate: z
      .strictObject({ count: z.int().min(0).max(1_000_000).default(10), interval: positiveDuration.default('1s') })
      .default(() => ({ count: 10, interval: '1s' })),
  })
  .transform((spec): RetryConstraintSpec => spec);
