/** Any endpoint, in proportion to its weight. */
import type { Endpoint } from './endpoint.ts';
import type { PickContext } from './pick-context.ts';
import { type Balancer, drawByWeight, type Pool } from './pool.ts';

export class WeightedRandom implements Balancer {
  pick(pool: Pool, { random }: PickContext): Endpoint {
    return drawByWeight(pool, random());
  }
}
