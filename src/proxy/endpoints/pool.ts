/** Endpoints among which a load balancer chooses, with the weight of each now. */
import type { Endpoint } from './endpoint.ts';
import type { PickContext } from './pick-context.ts';

export interface Pool {
  readonly endpoints: readonly Endpoint[];
  /** Parallel to `endpoints`; each above 0. */
  readonly weights: Float64Array;
  readonly totalWeight: number;
  readonly equalWeights: boolean;
}

/** Chooses from a pool of two or more. It keeps its state for as long as the pool has the same endpoints. */
export interface Balancer {
  pick(pool: Pool, context: PickContext): Endpoint;
}

export function makePool(endpoints: readonly Endpoint[], weights: Float64Array): Pool {
  let totalWeight = 0;
  let equalWeights = true;
  for (const weight of weights) {
    totalWeight += weight;
    if (weight !== weights[0]) equalWeights = false;
  }
  return { endpoints, weights, totalWeight, equalWeights };
}

/** Any of them, in proportion to its weight. @param random01 uniform in [0, 1) */
export function drawByWeight({ endpoints, weights, totalWeight, equalWeights }: Pool, random01: number): Endpoint {
  if (equalWeights) return endpoints[Math.floor(random01 * endpoints.length)];
  let left = random01 * totalWeight;
  for (let i = 0; i < endpoints.length; i++) {
    left -= weights[i];
    if (left < 0) return endpoints[i];
  }
  // Rounding.
  return endpoints[endpoints.length - 1];
}

/** The pool without those endpoints; null when that leaves none. */
export function without(pool: Pool, tried: readonly Endpoint[]): Pool | null {
  const left = pool.endpoints.flatMap((endpoint, i) => (tried.includes(endpoint) ? [] : [i]));
  if (left.length === 0) return null;
  return makePool(
    left.map((i) => pool.endpoints[i]),
    Float64Array.from(left, (i) => pool.weights[i]),
  );
}
