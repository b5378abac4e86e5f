/**
 * A set of endpoints with a load balancer. Rebuilt when the view changes; endpoints, and what is known of their health, carry their
 * state over. Near endpoints come first where the view prefers them.
 */
import type { AppProtocol } from '../../contract/views.ts';
import type { SockAddr } from '../../reactor/socket-address.ts';
import type { ClusterHealth } from './cluster-health.ts';
import type { ClusterSettings } from './cluster-settings.ts';
import { ClusterTraffic } from './cluster-traffic.ts';
import type { Endpoint } from './endpoint.ts';
import { mix } from './hash-bytes.ts';
import { type HashPlan, keyOfAddress, planHash } from './hash-key.ts';
import { Level } from './level.ts';
import { LEVELS, levelOf, spreadLoad } from './locality.ts';
import { NO_ENDPOINTS, NO_KEY, type PickContext } from './pick-context.ts';

export interface WeightedEndpoint {
  readonly endpoint: Endpoint;
  /** 1 or more. */
  readonly weight: number;
  /** `region/zone/subzone`. */
  readonly locality?: string | undefined;
}

/** What a cluster has beside its view. */
export interface ClusterParts {
  /** null: nothing about its endpoints needs watching. */
  readonly health: ClusterHealth | null;
  /** This host's own locality, '' = unknown. */
  readonly home: string;
  /** The cluster that this one takes the place of: what is still right of its state is carried over. */
  readonly previous: Cluster | null;
}

const NO_PARTS: ClusterParts = { health: null, home: '', previous: null };
/** Keys are below 2^31. */
const KEYS = 2 ** 31;
/** Of sets of addresses that are no service's: they have no limits. */
const OUTSIDE = ClusterTraffic.unlimited();

export class Cluster {
  readonly key: string;
  readonly service: string;
  readonly protocol: AppProtocol;
  readonly settings: ClusterSettings;
  /** Connections go where they were going anyway (`keep-destination.ts`). */
  readonly keepsDestination: boolean;
  readonly endpoints: readonly WeightedEndpoint[];
  readonly health: ClusterHealth | null;
  /** null: not by hash. */
  readonly hashing: HashPlan | null;
  /** What is under way for it, in this view and those before. */
  traffic: ClusterTraffic = OUTSIDE;
  /** Its balancer goes by how long endpoints take. */
  readonly usesLatency: boolean;
  /** What becomes of requests is of use to it: see `observeAttempt`. */
  readonly observes: boolean;
  /** Nearest first; one where nearness does not count. */
  readonly #levels: readonly Level[];
  /** The share of each level, added up. */
  #shares: readonly number[];
  #version = -1;

  constructor(
    key: string,
    settings: ClusterSettings,
    endpoints: readonly WeightedEndpoint[],
    { health, home, previous }: ClusterParts = NO_PARTS,
  ) {
    const { loadBalancer, hash, outlier } = settings;
    this.key = key;
    this.service = settings.service;
    this.protocol = settings.protocol;
    this.settings = settings;
    this.keepsDestination = settings.passthrough === true;
    this.endpoints = endpoints;
    this.health = health;
    this.hashing = loadBalancer === 'ConsistentHash' && hash !== undefined ? planHash(hash) : null;
    this.usesLatency = loadBalancer === 'PeakEWMA';
    this.observes = this.usesLatency || (health !== null && outlier !== undefined);
    const isNear = settings.preferLocal === true && home !== '';
    const groups = isNear ? byNearness(endpoints, home) : [endpoints];
    const before = previous === null ? [] : previous.#levels;
    this.#levels = groups.map((group, i) => this.#makeLevel(group, before[i] ?? null));
    this.#shares = addUp(
      this.#levels.map(({ size }) => size),
      this.#levels.map(({ size }) => size),
    );
  }

  #makeLevel(group: readonly WeightedEndpoint[], previous: Level | null): Level {
    const weights = Float64Array.from(group, ({ weight }) => weight);
    const all = group.map(({ endpoint }) => endpoint);
    return new Level(this.settings.loadBalancer, this.hashing !== null, all, weights, previous);
  }

  /** What consistent hashing goes by for a connection as a whole. */
  keyOfConnection(client: SockAddr | null): number {
    return this.hashing !== null && this.hashing.type === 'SourceIP' ? keyOfAddress(client) : NO_KEY;
  }

  /** Other tries of a request with that key go to the same endpoint, unless that one takes no connection. */
  staysWith(key: number): boolean {
    return this.hashing !== null && key !== NO_KEY;
  }

  /**
   * An endpoint for one request or connection; null when there is none.
   * @param key what consistent hashing goes by
   * @param tried endpoints that are to be avoided while another is left: they already failed this request
   */
  pick(context: PickContext, key: number, tried: readonly Endpoint[]): Endpoint | null {
    const { health } = this;
    if (health !== null && (health.version !== this.#version || context.reactor.now >= health.nextAt))
      this.#arrange(health, context.reactor.now);
    const levels = this.#levels;
    const level = levels.length === 1 ? levels[0] : levels[this.#chooseLevel(context, key)];
    const endpoint = level.pick(context, key, tried);
    return endpoint === null && tried.length > 0 ? this.#pickElsewhere(context, key, tried) : endpoint;
  }

  /** Whether traffic may go to it now. */
  isUsable(endpoint: Endpoint): boolean {
    return this.health === null || this.health.isUsable(endpoint);
  }

  /** Fits the levels to the health of the endpoints. */
  #arrange(health: ClusterHealth, now: number): void {
    if (now >= health.nextAt) health.advance(now);
    this.#version = health.version;
    const all = this.endpoints;
    const usable = all.filter(({ endpoint }) => health.isUsable(endpoint)).length;
    const isPanic = usable * 100 < all.length * (this.settings.panicThreshold ?? 0);
    const isUsable = (endpoint: Endpoint): boolean => isPanic || health.isUsable(endpoint);
    for (const level of this.#levels) level.arrange(isUsable, (endpoint) => health.warmthOf(endpoint, now));
    this.#shares = addUp(
      this.#levels.map((level) => level.usable),
      this.#levels.map(({ size }) => size),
    );
  }

  #chooseLevel({ random }: PickContext, key: number): number {
    const draw = this.staysWith(key) ? mix(key) / KEYS : random();
    const at = this.#shares.findIndex((share) => draw < share);
    return Math.max(at, 0);
  }

  /** All of the level were tried: any of another one, and with none left any at all. */
  #pickElsewhere(context: PickContext, key: number, tried: readonly Endpoint[]): Endpoint | null {
    for (const level of this.#levels) {
      const endpoint = level.pick(context, key, tried);
      if (endpoint !== null) return endpoint;
    }
    for (const level of this.#levels) {
      const endpoint = level.pick(context, key, NO_ENDPOINTS);
      if (endpoint !== null) return endpoint;
    }
    return null;
  }
}

/** In groups, nearest first; groups without an endpoint are left out. */
function byNearness(endpoints: readonly WeightedEndpoint[], home: string): (readonly WeightedEndpoint[])[] {
  const groups = Array.from({ length: LEVELS }, (_, level) =>
    endpoints.filter(({ locality }) => levelOf(home, locality) === level),
  ).filter((group) => group.length > 0);
  return groups.length === 0 ? [[]] : groups;
}

function addUp(usable: readonly number[], total: readonly number[]): number[] {
  let sum = 0;
  return spreadLoad(usable, total).map((load) => {
    sum += load;
    return sum;
  });
}
