import { z } from '../../core/schema.ts';
import type { CircuitBreakerSpec, TimeoutSpec } from '../policy-types.ts';
import { defined } from './defined.ts';
import { duration } from './duration.ts';
import { unsupported } from './fields.ts';

/** Envoy's thresholds are 32-bit numbers. */
const MAX_UINT32 = 4_294_967_295;
const limit = z.int().min(0).max(MAX_UINT32);
const positive = z.int().min(1).max(MAX_UINT32);

export const circuitBreaker = z
  .strictObject({
    maxConnections: limit.optional(),
    maxPendingRequests: limit.optional(),
    maxParallelRequests: limit.optional(),
    maxParallelRetries: limit.optional(),
    maxRequestsPerConnection: positive.optional(),
    perEndpoint: z.strictObject({ maxConnections: positive.default(1024) }).optional(),
    retryBudget: unsupported('write retryConstraint beside circuitBreaker'),
  })
  .transform((spec): CircuitBreakerSpec => defined(spec));

export const timeout = z
  .strictObject({
    tcp: z
      .strictObject({ connectTimeout: duration.optional(), idleTimeout: duration.optional() })
      .transform((tcp) => defined(tcp))
      .optional(),
    http: z
      .strictObject({
        connectionIdleTimeout: duration.optional(),
        maxConnectionDuration: duration.optional(),
        requestTimeout: duration.optional(),
        streamIdleTimeout: duration.optional(),
        maxStreamDuration: duration.optional(),
      })
      .transform((http) => defined(http))
      .optional(),
  })
  .transform((spec): TimeoutSpec => defined(spec));
