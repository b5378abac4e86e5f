/** Schema of `route-entry-views.ts`. */
import { z } from '../core/schema.ts';
import type { RouteEntryView, ValueMatchView } from './route-entry-views.ts';
import { count, text } from './schema-words.ts';

const valueMatch: z.ZodType<ValueMatchView> = z.object({
  name: text,
  value: text,
  type: z.literal('RegularExpression').optional(),
});

export const routeEntrySchema: z.ZodType<RouteEntryView> = z.object({
  path: z.object({ type: z.enum(['Exact', 'PathPrefix', 'RegularExpression']), value: text }).nullable(),
  method: text.nullable(),
  headers: z.array(valueMatch).max(256),
  query: z.array(valueMatch).max(256),
  cookies: z.array(valueMatch).max(256).optional(),
  action: count,
});
