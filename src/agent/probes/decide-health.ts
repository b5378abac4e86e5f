/** Probe results in, health out, by the thresholds of Kubernetes readiness probes. Pure. */
export interface HealthState {
  readonly healthy: boolean;
  /** Results in a row that speak against `healthy`. */
  readonly against: number;
}

export interface Thresholds {
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/** A workload with a probe gets traffic only after the probe has passed. */
export const FIRST_HEALTH: HealthState = { healthy: false, against: 0 };

export function decideHealth(state: HealthState, passed: boolean, thresholds: Thresholds): HealthState {
  if (passed === state.healthy) return { healthy: state.healthy, against: 0 };
  const against = state.against + 1;
  const needed = state.healthy ? thresholds.failureThreshold : thresholds.successThreshold;
  return against >= needed ? { healthy: passed, against: 0 } : { healthy: state.healthy, against };
}
