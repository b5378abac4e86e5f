/** Counts what circuit breakers have refused. */
import type { Context } from '../context.ts';
import type { ClusterTraffic } from '../endpoints/cluster-traffic.ts';
import type { Overflow } from '../policy/circuit-breaker.ts';

const WORDS: Readonly<Record<Overflow, string>> = {
  connections: 'connections',
  pending: 'requests waiting for a connection',
  requests: 'requests under way',
  retries: 'retries under way',
};

/** Returns the sentence for the client. */
export function noteOverflow(
  { counters }: Pick<Context, 'counters'>,
  { key }: ClusterTraffic,
  limit: Overflow,
): string {
  counters.count('towpath_circuit_breaker_overflows_total', { cluster: key, limit });
  return `${key} has as many ${WORDS[limit]} as its circuit breaker allows`;
}
