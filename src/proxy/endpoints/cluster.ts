/** A set of endpoints with a load balancer. Rebuilt when the view changes; endpoints carry their state over. */
import type { AppProtocol, LoadBalancer } from '../../contract/views.ts';
import type { SockAddr } from '../../reactor/socket-address.ts';
import type { Endpoint } from './endpoint.ts';
import { NO_KEY, type PickContext } from './pick-context.ts';

export interface WeightedEndpoint {
  readonly endpoint: Endpoint;
  /** 1 or more. */
  readonly weight: number;
}

export class Cluster {
  readonly key: string;
  readonly service: string;
  readonly protocol: AppProtocol;
  readonly endpoints: readonly WeightedEndpoint[];
  readonly #loadBalancer: LoadBalancer;
  readonly #equalWeights: boolean;
  readonly #totalWeight: number;
  /** Smooth weighted round robin: the running credit of each endpoint. */
  readonly #credit: Float64Array;
  #turn: number;

  /** @param turn where round robin begins, so that a new view does not favour the first endpoint each time */
  constructor(
    key: string,
    service: string,
    protocol: AppProtocol,
    loadBalancer: LoadBalancer,
    endpoints: readonly WeightedEndpoint[],
    turn: number,
  ) {
    this.key = key;
    this.service = service;
    this.protocol = protocol;
    this.endpoints = endpoints;
    this.#loadBalancer = loadBalancer;
    this.#totalWeight = endpoints.reduce((sum, e) => sum + e.weight, 0);
    this.#equalWeights = endpoints.every((e) => e.weight === endpoints[0].weight);
    this.#credit = new Float64Array(endpoints.length);
    this.#turn = turn;
  }

  get turn(): number {
    return this.#turn;
  }

  /** What consistent hashing goes by for a connection as a whole. */
  keyOfConnection(_client: SockAddr | null): number {
    return NO_KEY;
  }

  /**
   * An endpoint for one request or connection; null when there is none.
   * @param _key what consistent hashing goes by
   * @param tried endpoints that already failed this request: avoided while another is left
   */
  pick({ random }: PickContext, _key: number, tried: readonly Endpoint[]): Endpoint | null {
    const { endpoints } = this;
    if (endpoints.length === 0) return null;
    if (endpoints.length === 1) return endpoints[0].endpoint;
    if (tried.length > 0) {
      const fresh = endpoints.filter((e) => !tried.includes(e.endpoint));
      if (fresh.length > 0) return fresh[Math.floor(random() * fresh.length)].endpoint;
    }
    return this.#loadBalancer === 'RoundRobin' ? this.#pickRoundRobin() : this.#pickLeastRequest(random);
  }

  #pickRoundRobin(): Endpoint {
    const { endpoints } = this;
    this.#turn++;
    if (this.#equalWeights) return endpoints[this.#turn % endpoints.length].endpoint;
    let best = 0;
    for (let i = 0; i < endpoints.length; i++) {
      this.#credit[i] += endpoints[i].weight;
      if (this.#credit[i] > this.#credit[best]) best = i;
    }
    this.#credit[best] -= this.#totalWeight;
    return endpoints[best].endpoint;
  }

  /** Power of two choices: of two random endpoints the one with fewer requests in flight per weight. */
  #pickLeastRequest(random: () => number): Endpoint {
    const { endpoints } = this;
    if (this.#equalWeights) {
      // Two different ones: a stuck endpoint is then only ever compared with one that answers.
      const at = Math.floor(random() * endpoints.length);
      const step = 1 + Math.floor(random() * (endpoints.length - 1));
      const one = endpoints[at].endpoint;
      const other = endpoints[(at + step) % endpoints.length].endpoint;
      return other.active < one.active ? other : one;
    }
    const first = this.#pickByWeight(random());
    const second = this.#pickByWeight(random());
    const a = (first.endpoint.active + 1) / first.weight;
    const b = (second.endpoint.active + 1) / second.weight;
    return b < a ? second.endpoint : first.endpoint;
  }

  #pickByWeight(random01: number): WeightedEndpoint {
    const { endpoints } = this;
    let left = random01 * this.#totalWeight;
    for (const endpoint of endpoints) {
      left -= endpoint.weight;
      if (left < 0) return endpoint;
    }
    return endpoints[endpoints.length - 1];
  }
}
