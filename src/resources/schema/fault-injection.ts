import { z } from '../../core/schema.ts';
import type { FaultAbortSpec, FaultInjectionSpec } from '../policy-types.ts';
import { defined } from './defined.ts';
import { positiveDuration } from './duration.ts';

/** Required: left out it means 0 to Istio and 100 to Envoy Gateway. */
const percentage = z.number().min(0).max(100);

const abort = z
  .strictObject({
    httpStatus: z.int().min(200).max(599).optional(),
    grpcStatus: z.int().min(0).max(16).optional(),
    percentage,
  })
  .transform(({ httpStatus, grpcStatus, percentage }, ctx): FaultAbortSpec => {
    if (httpStatus !== undefined && grpcStatus === undefined) return { httpStatus, percentage };
    if (grpcStatus !== undefined && httpStatus === undefined) return { grpcStatus, percentage };
    ctx.addIssue({ code: 'custom', message: 'needs exactly one of httpStatus, grpcStatus' });
    return z.NEVER;
  });

export const faultInjection = z
  .strictObject({
    delay: z.strictObject({ fixedDelay: positiveDuration, percentage }).optional(),
    abort: abort.optional(),
  })
  .refine(({ delay, abort }) => delay !== undefined || abort !== undefined, {
    error: 'needs delay, abort or both',
  })
  .transform((spec): FaultInjectionSpec => defined(spec));
