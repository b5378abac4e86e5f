/** All endpoints of this thread by address, so that load and pooled connections survive a change of view. */
import type { SockAddr } from '../../reactor/socket-address.ts';
import { Endpoint } from './endpoint.ts';

/** Original destinations that nobody dialled for this long are forgotten. */
const FORGET_AFTER_MS = 60_000;

export class EndpointStore {
  readonly #mark: number;
  readonly #endpoints = new Map<number | string, Endpoint>();

  /** @param mark SO_MARK of every dial to these endpoints, 0 = none */
  constructor(mark: number) {
    this.#mark = mark;
  }

  get(address: SockAddr): Endpoint {
    const { key } = address;
    const known = this.#endpoints.get(key);
    if (known !== undefined) return known;
    const endpoint = new Endpoint(address, this.#mark);
    this.#endpoints.set(key, endpoint);
    return endpoint;
  }

  all(): Iterable<Endpoint> {
    return this.#endpoints.values();
  }

  /** Drops what neither a view nor recent traffic needs. Returns the dropped endpoints that still hold idle connections. */
  prune(now: number): Endpoint[] {
    const dropped: Endpoint[] = [];
    for (const [key, endpoint] of this.#endpoints) {
      // Met before its first use: its time begins now.
      if (endpoint.lastUsed === 0) endpoint.lastUsed = now;
      if (endpoint.references > 0 || endpoint.active > 0 || now - endpoint.lastUsed < FORGET_AFTER_MS) continue;
      this.#endpoints.delete(key);
      if (endpoint.idle.length > 0) dropped.push(endpoint);
    }
    return dropped;
  }
}
