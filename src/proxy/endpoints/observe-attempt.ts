/** Where every attempt at an endpoint is told of: what PeakEWMA and outlier detection live on. */
import type { Cluster } from './cluster.ts';
import type { Endpoint } from './endpoint.ts';
import { latencyOf, type Outcome } from './outcome.ts';
import { PeakLatency } from './peak-latency.ts';
import type { PickContext } from './pick-context.ts';

export type { Outcome } from './outcome.ts';

/** Why an endpoint gave no answer. */
export type FailureCause = Extract<Outcome, { type: 'local-failure' }>['cause'];

/**
 * Once for each attempt that came to an end, in whatever way; not for one that its client gave up. Callers who would have to make an
 * outcome first may ask `cluster.observes`: most clusters have no use for it.
 */
export function observeAttempt(
  context: PickContext,
  cluster: Cluster | null,
  endpoint: Endpoint,
  outcome: Outcome,
): void {
  if (cluster === null || !cluster.observes) return;
  const { now } = context.reactor;
  if (cluster.usesLatency) {
    const ms = latencyOf(outcome);
    endpoint.latency ??= new PeakLatency(now);
    if (ms >= 0) endpoint.latency.observe(ms, now);
  }
  cluster.health?.note(endpoint, outcome, now);
}

/** The endpoint took no connection, lost it, or was too slow. */
export function observeFailure(
  context: PickContext,
  cluster: Cluster | null,
  endpoint: Endpoint,
  cause: FailureCause,
): void {
  if (cluster?.observes === true) observeAttempt(context, cluster, endpoint, { type: 'local-failure', cause });
}

/** A connection as a whole was established. */
export function observeConnect(context: PickContext, cluster: Cluster | null, endpoint: Endpoint): void {
  observeAttempt(context, cluster, endpoint, CONNECTED);
}
const CONNECTED: Outcome = { type: 'connected' };
