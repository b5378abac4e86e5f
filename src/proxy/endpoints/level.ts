/** The endpoints of a cluster that are equally near, with the balancer that chooses among those that may be used now. */
import type { LoadBalancer } from '../../contract/views.ts';
import { assertNever } from '../../core/result.ts';
import { ConsistentHash } from './consistent-hash.ts';
import type { Endpoint } from './endpoint.ts';
import { LeastRequest } from './least-request.ts';
import { PeakEwma } from './peak-ewma.ts';
import { NO_KEY, type PickContext } from './pick-context.ts';
import { type Balancer, drawByWeight, makePool, type Pool, without } from './pool.ts';
import { RoundRobin } from './round-robin.ts';
import { WeightedRandom } from './weighted-random.ts';

export class Level {
  readonly #all: readonly Endpoint[];
  readonly #weights: Float64Array;
  readonly #balancer: Balancer;
  readonly #hash: ConsistentHash | null;
  #pool: Pool;
  #unusable: ReadonlySet<Endpoint> = new Set();

  /** @param previous the level that this one takes the place of */
  constructor(
    type: LoadBalancer,
    byHash: boolean,
    all: readonly Endpoint[],
    weights: Float64Array,
    previous: Level | null,
  ) {
    this.#all = all;
    this.#weights = weights;
    this.#balancer = makeBalancer(type, previous === null ? null : previous.#balancer);
    this.#hash = byHash ? hashFor(all, weights, previous === null ? null : previous.#hash) : null;
    this.#pool = makePool(all, weights);
  }

  get size(): number {
    return this.#all.length;
  }

  /** How many may be used now. */
  get usable(): number {
    return this.#pool.endpoints.length;
  }

  /** @param isUsable what may be used from now on; @param warmthOf the part of its weight that each has */
  arrange(isUsable: (endpoint: Endpoint) => boolean, warmthOf: (endpoint: Endpoint) => number): void {
    const places = this.#all.flatMap((endpoint, i) => (isUsable(endpoint) ? [i] : []));
    this.#pool = makePool(
      places.map((i) => this.#all[i]),
      Float64Array.from(places, (i) => this.#weights[i] * warmthOf(this.#all[i])),
    );
    this.#unusable = new Set(this.#all.filter((endpoint) => !isUsable(endpoint)));
  }

  /** null when none may be used, or all were tried. */
  pick(context: PickContext, key: number, tried: readonly Endpoint[]): Endpoint | null {
    const pool = this.#pool;
    const { endpoints } = pool;
    if (tried.length > 0) return this.#pickAnother(context, key, tried);
    if (endpoints.length <= 1) return endpoints.length === 0 ? null : endpoints[0];
    if (key !== NO_KEY && this.#hash !== null) return this.#hash.find(key, this.#unusable, tried);
    return this.#balancer.pick(pool, context);
  }

  #pickAnother({ random }: PickContext, key: number, tried: readonly Endpoint[]): Endpoint | null {
    if (key !== NO_KEY && this.#hash !== null) return this.#hash.find(key, this.#unusable, tried);
    const fresh = without(this.#pool, tried);
    return fresh === null ? null : drawByWeight(fresh, random());
  }
}

/** Round robin goes on where it was, so that a new view does not favour the first endpoint each time. */
function makeBalancer(type: LoadBalancer, previous: Balancer | null): Balancer {
  switch (type) {
    case 'RoundRobin':
      return new RoundRobin(previous instanceof RoundRobin ? previous.turn : -1);
    case 'LeastRequest':
      return new LeastRequest();
    case 'PeakEWMA':
      return new PeakEwma();
    case 'Random':
    // What has no key goes anywhere.
    case 'ConsistentHash':
      return new WeightedRandom();
    default:
      return assertNever(type);
  }
}

/** The table of before where it would be the same: it is large, and takes a while. */
function hashFor(all: readonly Endpoint[], weights: Float64Array, previous: ConsistentHash | null): ConsistentHash {
  return previous?.isFor(all, weights) === true ? previous : new ConsistentHash(all, weights);
}
