/** A set of endpoints with a load balancer. Rebuilt when the view changes; endpoints carry their state over. */

import type { ClusterView } from '../../contract/cluster-views.ts';
import type { AppProtocol } from '../../contract/views.ts';
import { assertNever } from '../../core/result.ts';
import type { SockAddr } from '../../reactor/socket-address.ts';
import { ClusterTraffic } from './cluster-traffic.ts';
import { ConsistentHash } from './consistent-hash.ts';
import type { Endpoint } from './endpoint.ts';
import { type HashPlan, keyOfAddress, planHash } from './hash-key.ts';
import { LeastRequest } from './least-request.ts';
import { PeakEwma } from './peak-ewma.ts';
import { NO_KEY, type PickContext } from './pick-context.ts';
import { type Balancer, drawByWeight, makePool, type Pool, without } from './pool.ts';
import { RoundRobin } from './round-robin.ts';
import { WeightedRandom } from './weighted-random.ts';

export interface WeightedEndpoint {
  readonly endpoint: Endpoint;
  /** 1 or more. */
  readonly weight: number;
}

/** What a view says of a cluster beside its endpoints. */
export type ClusterSettings = Omit<ClusterView, 'endpoints' | 'port'>;

const NONE_UNUSABLE: ReadonlySet<Endpoint> = new Set();
/** Of sets of addresses that are no service's: they have no limits. */
const OUTSIDE = ClusterTraffic.unlimited();

export class Cluster {
  readonly key: string;
  readonly service: string;
  readonly protocol: AppProtocol;
  readonly settings: ClusterSettings;
  readonly endpoints: readonly WeightedEndpoint[];
  /** null: not by hash. */
  readonly hashing: HashPlan | null;
  /** What is under way for it, in this view and those before. */
  traffic: ClusterTraffic = OUTSIDE;
  readonly #hash: ConsistentHash | null;
  readonly #balancer: Balancer;
  readonly #pool: Pool;

  /** @param previous the cluster that this one takes the place of: what is still right of its state is carried over */
  constructor(
    key: string,
    settings: ClusterSettings,
    endpoints: readonly WeightedEndpoint[],
    previous: Cluster | null = null,
  ) {
    this.key = key;
    this.service = settings.service;
    this.protocol = settings.protocol;
    this.settings = settings;
    this.endpoints = endpoints;
    this.#pool = makePool(
      endpoints.map(({ endpoint }) => endpoint),
      Float64Array.from(endpoints, ({ weight }) => weight),
    );
    this.#balancer = makeBalancer(settings.loadBalancer, previous === null ? -1 : previous.turn);
    this.hashing =
      settings.loadBalancer === 'ConsistentHash' && settings.hash !== undefined ? planHash(settings.hash) : null;
    this.#hash = this.hashing === null ? null : hashOf(this.#pool, previous === null ? null : previous.#hash);
  }

  get turn(): number {
    return this.#balancer instanceof RoundRobin ? this.#balancer.turn : -1;
  }

  /** What consistent hashing goes by for a connection as a whole. */
  keyOfConnection(client: SockAddr | null): number {
    return this.hashing !== null && this.hashing.type === 'SourceIP' ? keyOfAddress(client) : NO_KEY;
  }

  /** Other tries of a request with that key go to the same endpoint, unless that one takes no connection. */
  staysWith(key: number): boolean {
    return this.#hash !== null && key !== NO_KEY;
  }

  /**
   * An endpoint for one request or connection; null when there is none.
   * @param key what consistent hashing goes by
   * @param tried endpoints that are to be avoided while another is left: they already failed this request
   */
  pick(context: PickContext, key: number, tried: readonly Endpoint[]): Endpoint | null {
    const pool = this.#pool;
    const { endpoints } = pool;
    if (endpoints.length === 0) return null;
    if (endpoints.length === 1) return endpoints[0];
    if (key !== NO_KEY && this.#hash !== null) {
      const endpoint = this.#hash.find(key, NONE_UNUSABLE, tried);
      if (endpoint !== null) return endpoint;
    }
    if (tried.length > 0) {
      const fresh = without(pool, tried);
      if (fresh !== null) return drawByWeight(fresh, context.random());
    }
    return this.#balancer.pick(pool, context);
  }
}

function makeBalancer(type: ClusterView['loadBalancer'], turn: number): Balancer {
  switch (type) {
    case 'RoundRobin':
      return new RoundRobin(turn);
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
function hashOf({ endpoints, weights }: Pool, previous: ConsistentHash | null): ConsistentHash {
  return previous?.isFor(endpoints, weights) === true ? previous : new ConsistentHash(endpoints, weights);
}
