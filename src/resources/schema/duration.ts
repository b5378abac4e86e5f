import { z } from '../../core/schema.ts';
import { parseDuration } from '../parse-duration.ts';

/** GEP-2257, `0s` included. */
export const duration = z
  .string()
  .refine((text) => parseDuration(text) !== null, {
    error: 'must be a duration such as 500ms, 10s or 1m30s (whole numbers with h, m, s or ms; 0s means none)',
  })
  .meta({ format: 'duration' });

/** GEP-2257, of at least one millisecond. */
export const positiveDuration = z
  .string()
  .refine((text) => (parseDuration(text) ?? 0) > 0, {
    error: 'must be a duration above 0 such as 500ms, 10s or 1m30s (whole numbers with h, m, s or ms)',
  })
  .meta({ format: 'duration' });

/** GEP-2257, between two durations, both included: what takes a timer of every agent must neither run hot nor overflow. */
export function durationWithin(least: string, most: string) {
  const [min, max] = [parseDuration(least) ?? 0, parseDuration(most) ?? 0];
  return z
    .string()
    .refine(
      (text) => {
        const ms = parseDuration(text);
        return ms !== null && ms >= min && ms <= max;
      },
      { error: `must be a duration from ${least} to ${most} (whole numbers with h, m, s or ms)` },
    )
    .meta({ format: 'duration' });
}
