/** The same key leads to the same endpoint, in every agent, for as long as that endpoint may be used. */
import type { Endpoint } from './endpoint.ts';
import { mix } from './hash-bytes.ts';
import { buildMaglev, TABLE_SIZE } from './maglev.ts';

/** Other places looked up before the rest are gone through in order. */
const LOOK_UPS = 16;
const STEP = 0x9e3779b9;

export class ConsistentHash {
  readonly #endpoints: readonly Endpoint[];
  readonly #weights: ArrayLike<number>;
  /** 128 KiB; null before the first key. */
  #table: Uint16Array | null = null;

  /** @param endpoints all of them, in the order of the view: also those that are not to be used just now */
  constructor(endpoints: readonly Endpoint[], weights: ArrayLike<number>) {
    this.#endpoints = endpoints;
    this.#weights = weights;
  }

  /** Its table would be the same for these. */
  isFor(endpoints: readonly Endpoint[], weights: ArrayLike<number>): boolean {
    const mine = this.#endpoints;
    return (
      mine.length === endpoints.length && mine.every((e, i) => e === endpoints[i] && this.#weights[i] === weights[i])
    );
  }

  /**
   * The endpoint of a key; where that one must not be used, always the same other one. null: all are unusable.
   * @param key 0 to 2^31 - 1
   */
  find(key: number, unusable: ReadonlySet<Endpoint>, tried: readonly Endpoint[]): Endpoint | null {
    const endpoints = this.#endpoints;
    if (endpoints.length === 0) return null;
    this.#table ??= buildMaglev(
      endpoints.map(({ text }) => text),
      this.#weights,
    );
    let hash = key;
    let place = 0;
    for (let i = 0; i < LOOK_UPS; i++) {
      place = this.#table[hash % TABLE_SIZE];
      const endpoint = endpoints[place];
      if (!unusable.has(endpoint) && !tried.includes(endpoint)) return endpoint;
      hash = mix(hash + STEP);
    }
    for (let i = 1; i < endpoints.length; i++) {
      const endpoint = endpoints[(place + i) % endpoints.length];
      if (!unusable.has(endpoint) && !tried.includes(endpoint)) return endpoint;
    }
    return null;
  }
}
