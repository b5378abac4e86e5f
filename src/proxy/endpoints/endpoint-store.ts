/** All endpoints of this thread by address, so that load and pooled connections survive a change of view. */
import type { UpstreamTlsView } from '../../contract/views.ts';
import type { SockAddr } from '../../reactor/socket-address.ts';
import { EndpointTlsStore } from '../upstream/endpoint-tls.ts';
import type { HopTls } from '../upstream/hop-tls.ts';
import { Endpoint } from './endpoint.ts';

/** Original destinations that nobody dialled for this long are forgotten. */
const FORGET_AFTER_MS = 60_000;

export class EndpointStore {
  readonly #mark: number;
  readonly #endpoints = new Map<number | string, Endpoint>();
  readonly #tls = new EndpointTlsStore();

  /** @param mark SO_MARK of every dial to these endpoints, 0 = none */
  constructor(mark: number) {
    this.#mark = mark;
  }

  /** What `get` wants to know of a cluster's TLS. */
  securedBy(view: UpstreamTlsView | undefined): HopTls | null {
    return this.#tls.get(view);
  }

  /** The same for mutual TLS. @param expected SPIFFE ID of the endpoint @param own that of this host; null = it has none @param serverName SNI */
  meshHop(expected: string, own: string | null, serverName: string): HopTls {
    return this.#tls.between(expected, own, serverName);
  }

  /** The next `meshHop` is another one than those before, so that endpoints with it have no connections yet. */
  forgetMeshHops(): void {
    this.#tls.forgetMesh();
  }

  /** @param tls an address that is secured in another way is another endpoint, with connections of its own */
  get(address: SockAddr, tls: HopTls | null = null): Endpoint {
    const key = tls === null ? address.key : `${address.key} ${tls.id}`;
    const known = this.#endpoints.get(key);
    if (known !== undefined) return known;
    const endpoint = new Endpoint(address, this.#mark, tls);
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
      if (endpoint.idle.length > 0 || endpoint.http2 !== null) dropped.push(endpoint);
    }
    if (this.#tls.size > 0) this.#tls.prune(this.#tlsInUse());
    return dropped;
  }

  #tlsInUse(): Set<HopTls> {
    const used = new Set<HopTls>();
    for (const { tls } of this.#endpoints.values()) if (tls !== null) used.add(tls);
    return used;
  }
}
