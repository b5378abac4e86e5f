import type { FaultView } from '../../contract/route-views.ts';
import { parseDuration } from '../parse-duration.ts';
import type { FaultInjectionSpec } from '../policy-types.ts';

/** Faults as the data plane reads them; null: none, since every percentage is 0. */
export function compileFault({ delay, abort }: FaultInjectionSpec): FaultView | null {
  const delays = delay !== undefined && delay.percentage > 0;
  const aborts = abort !== undefined && abort.percentage > 0;
  if (!delays && !aborts) return null;
  return {
    ...(delays ? { delay: { ms: parseDuration(delay.fixedDelay) ?? 0, percentage: delay.percentage } } : {}),
    ...(aborts ? { abort } : {}),
  };
}
