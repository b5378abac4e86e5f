/** PeakEWMA (Linkerd): of two endpoints drawn at random the one with the lower latency x (requests in flight + 1). */
import type { Endpoint } from './endpoint.ts';
import { PeakLatency } from './peak-latency.ts';
import type { PickContext } from './pick-context.ts';
import { type Balancer, drawByWeight, type Pool } from './pool.ts';

export class PeakEwma implements Balancer {
  pick(pool: Pool, { random, reactor }: PickContext): Endpoint {
    const { now } = reactor;
    const one = drawByWeight(pool, random());
    const other = drawOther(pool, one, random());
    return cost(other, now) < cost(one, now) ? other : one;
  }
}

/** Two different ones where weights are equal; else a second draw, which may be the same. */
function drawOther(pool: Pool, one: Endpoint, random01: number): Endpoint {
  const { endpoints, equalWeights } = pool;
  if (!equalWeights) return drawByWeight(pool, random01);
  const other = endpoints[Math.floor(random01 * (endpoints.length - 1))];
  return other === one ? endpoints[endpoints.length - 1] : other;
}

function cost(endpoint: Endpoint, now: number): number {
  endpoint.latency ??= new PeakLatency(now);
  return endpoint.latency.read(now) * (endpoint.active + 1);
}
