/** Schemas of `limit-views.ts`. */
import { z } from '../core/schema.ts';
import type { InboundLimitsView, LimitRuleView, LimitView } from './limit-views.ts';
import { routeEntrySchema } from './route-entry-schema.ts';
import { count, name, port, text } from './schema-words.ts';

const callers = z.array(text).min(1).max(64);

const limit: z.ZodType<LimitView> = z.object({
  requests: count.max(10_000_000),
  windowMs: z.number().int().min(1).max(86_400_000),
  calendar: z.literal(true).optional(),
});

export const limitRuleSchema: z.ZodType<LimitRuleView> = z.object({
  id: z.string().min(1).max(600),
  service: text,
  scope: z.enum(['local', 'global']),
  match: z.array(routeEntrySchema).min(1).max(16).optional(),
  sources: z.string().max(64).optional(),
  callers: callers.optional(),
  by: z
    .array(
      z.union([
        z.object({ type: z.enum(['caller', 'address']) }),
        z.object({ type: z.literal('header'), name: name.max(256) }),
      ]),
    )
    .max(128),
  limit,
  overrides: z.array(z.object({ callers, limit })).max(64).optional(),
  shadow: z.literal(true).optional(),
  callerHeader: name.optional(),
  onOutage: z.enum(['allow', 'deny', 'share']).optional(),
  hosts: z.number().int().min(1).max(1_000_000).optional(),
});

/** Several Services may pick the same port of a workload. */
export const inboundLimitsSchema: z.ZodType<InboundLimitsView> = z.object({
  port,
  rules: z.array(limitRuleSchema).max(512),
});
