/** Each in turn; with unequal weights smoothly: heavy endpoints come more often, but not in a row. */
import type { Endpoint } from './endpoint.ts';
import type { Balancer, Pool } from './pool.ts';

export class RoundRobin implements Balancer {
  /** Where it is, so that a new view does not favour the first endpoint each time. */
  turn: number;
  /** The running credit of each endpoint. */
  #credit = new Float64Array(0);

  constructor(turn: number) {
    this.turn = turn;
  }

  pick({ endpoints, weights, totalWeight, equalWeights }: Pool): Endpoint {
    this.turn++;
    if (equalWeights) return endpoints[this.turn % endpoints.length];
    if (this.#credit.length !== endpoints.length) this.#credit = new Float64Array(endpoints.length);
    const credit = this.#credit;
    let best = 0;
    for (let i = 0; i < endpoints.length; i++) {
      credit[i] += weights[i];
      if (credit[i] > credit[best]) best = i;
    }
    credit[best] -= totalWeight;
    return endpoints[best];
  }
}
