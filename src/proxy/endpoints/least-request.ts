/**
 * LeastRequest as Envoy has it: among equal endpoints the less busy of two drawn at random; with unequal weights a smooth round
 * robin, in which an endpoint weighs weight / (requests in flight + 1).
 */
import type { Endpoint } from './endpoint.ts';
import type { PickContext } from './pick-context.ts';
import type { Balancer, Pool } from './pool.ts';

export class LeastRequest implements Balancer {
  #credit = new Float64Array(0);

  pick(pool: Pool, context: PickContext): Endpoint {
    return pool.equalWeights ? pickOfTwo(pool, context) : this.#pickByShare(pool);
  }

  #pickByShare({ endpoints, weights }: Pool): Endpoint {
    if (this.#credit.length !== endpoints.length) this.#credit = new Float64Array(endpoints.length);
    const credit = this.#credit;
    let best = 0;
    let given = 0;
    for (let i = 0; i < endpoints.length; i++) {
      const share = weights[i] / (endpoints[i].active + 1);
      credit[i] += share;
      given += share;
      if (credit[i] > credit[best]) best = i;
    }
    credit[best] -= given;
    return endpoints[best];
  }
}

function pickOfTwo({ endpoints }: Pool, { random }: PickContext): Endpoint {
  // Two different ones: a stuck endpoint is then only ever compared with one that answers.
  const at = Math.floor(random() * endpoints.length);
  const step = 1 + Math.floor(random() * (endpoints.length - 1));
  const one = endpoints[at];
  const other = endpoints[(at + step) % endpoints.length];
  return other.active < one.active ? other : one;
}
