/** Envoy's outlier detection: which endpoints of a cluster do so badly that they are to be left alone for a while. Pure arithmetic. */
import type { OutlierView } from '../../contract/cluster-views.ts';
import type { EndpointHealth, Tally } from './endpoint-health.ts';
import { type Outcome, statusOf } from './outcome.ts';

/** Why an endpoint is ejected. */
export type OutlierReason =
  | 'consecutive-5xx'
  | 'consecutive-gateway-errors'
  | 'consecutive-local-errors'
  | 'success-rate'
  | 'failure-percentage';

/** Notes an outcome. Returns why it was the last straw, or null. */
export function noteOutcome(view: OutlierView, health: EndpointHealth, outcome: Outcome): OutlierReason | null {
  if (!view.splitLocalErrors) return noteStatus(view, health, statusOf(outcome));
  health.connects.total++;
  if (outcome.type === 'local-failure') {
    if (++health.localErrors !== view.consecutiveLocalErrors) return null;
    health.localErrors = 0;
    return 'consecutive-local-errors';
  }
  health.connects.good++;
  health.localErrors = 0;
  return outcome.type === 'answer' ? noteStatus(view, health, statusOf(outcome)) : null;
}

function noteStatus(view: OutlierView, health: EndpointHealth, status: number): OutlierReason | null {
  health.answers.total++;
  if (status < 500) {
    health.answers.good++;
    health.serverErrors = 0;
    health.gatewayErrors = 0;
    return null;
  }
  const isGateway = status === 502 || status === 503 || status === 504;
  health.gatewayErrors = isGateway ? health.gatewayErrors + 1 : 0;
  health.serverErrors++;
  if (isGateway && health.gatewayErrors === view.consecutiveGatewayErrors) {
    health.gatewayErrors = 0;
    return 'consecutive-gateway-errors';
  }
  if (health.serverErrors !== view.consecutive5xx) return null;
  health.serverErrors = 0;
  return 'consecutive-5xx';
}

export interface Verdict {
  readonly health: EndpointHealth;
  readonly reason: OutlierReason;
}

/** Compares the endpoints at the end of an interval. */
export function compareEndpoints(view: OutlierView, all: readonly EndpointHealth[]): Verdict[] {
  const kinds: ((health: EndpointHealth) => Tally)[] = [(health) => health.answers];
  if (view.splitLocalErrors) kinds.push((health) => health.connects);
  return kinds.flatMap((tallyOf) => [...bySuccessRate(view, all, tallyOf), ...byFailures(view, all, tallyOf)]);
}

function bySuccessRate(
  { successRate }: OutlierView,
  all: readonly EndpointHealth[],
  tallyOf: (health: EndpointHealth) => Tally,
): Verdict[] {
  if (successRate === undefined) return [];
  const known = all.filter((health) => tallyOf(health).total >= Math.max(1, successRate.minRequests));
  if (known.length === 0 || known.length < successRate.minHosts) return [];
  const rates = known.map((health) => rateOf(tallyOf(health)));
  const least = leastRate(rates, successRate.stdevFactor);
  return known.flatMap((health, i) => (rates[i] < least ? [{ health, reason: 'success-rate' as const }] : []));
}

function byFailures(
  { failurePercentage }: OutlierView,
  all: readonly EndpointHealth[],
  tallyOf: (health: EndpointHealth) => Tally,
): Verdict[] {
  if (failurePercentage === undefined) return [];
  const { threshold, minRequests } = failurePercentage;
  const known = all.filter((health) => tallyOf(health).total >= Math.max(1, minRequests));
  return known
    .filter((health) => 100 - rateOf(tallyOf(health)) >= threshold)
    .map((health) => ({ health, reason: 'failure-percentage' as const }));
}

/** Percent. */
function rateOf({ total, good }: Tally): number {
  return (100 * good) / total;
}

/** Mean - factor / 1000 x standard deviation (of the whole, not of a sample), in percent. */
export function leastRate(rates: readonly number[], stdevFactor: number): number {
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length;
  return mean - (stdevFactor / 1000) * Math.sqrt(variance);
}

/** ms of the `times`-th ejection in a row. */
export function ejectionMs({ baseEjectionMs, maxEjectionMs }: OutlierView, times: number): number {
  return Math.min(baseEjectionMs * times, Math.max(baseEjectionMs, maxEjectionMs));
}

/** Whether another endpoint may be ejected. */
export function mayEject(view: OutlierView, ejected: number, count: number): boolean {
  if (ejected === 0 && view.alwaysEjectOne) return true;
  return 100 * (ejected + 1) <= view.maxEjectionPercent * count;
}
