/** TLS towards endpoints whose service a BackendTLSPolicy covers: settings of the view, made into what a connection needs. */
import type { UpstreamTlsView } from '../../contract/views.ts';
import type { TlsClientContext } from '../../reactor/tls/tls-context.ts';
import type { TlsEngine } from '../../reactor/tls/tls-engine.ts';
import { TlsTarget } from '../../reactor/tls/tls-target.ts';
import type { HopTls, WireProtocol } from './hop-tls.ts';
import { MeshHop } from './mesh-hop.ts';
import { TrustStore } from './trust-store.ts';

/** Offered by ALPN (RFC 7301; RFC 9113 3.2 makes it a must for HTTP/2). */
const OFFERED: Readonly<Record<WireProtocol, readonly string[]>> = { http1: ['http/1.1'], http2: ['h2'], bytes: [] };

export class EndpointTls implements HopTls {
  readonly id: number;
  readonly isMesh = false;
  readonly #view: UpstreamTlsView;
  readonly #trust: TrustStore;
  readonly #targets = new Map<WireProtocol, TlsTarget>();
  #context: TlsClientContext | null = null;
  #closed = false;
  problem = '';

  constructor(id: number, view: UpstreamTlsView, trust: TrustStore) {
    this.id = id;
    this.#view = view;
    this.#trust = trust;
  }

  targetFor({ library }: TlsEngine, protocol: WireProtocol): TlsTarget | null {
    const known = this.#targets.get(protocol);
    if (known !== undefined) return known;
    const { serverName, hosts, uris, trusted } = this.#view;
    if (this.#context === null) {
      const taken = this.#closed ? 'the service has changed meanwhile' : this.#trust.take(library, trusted);
      if (typeof taken === 'string') {
        this.problem = taken;
        return null;
      }
      this.#context = taken;
    }
    const protocols = OFFERED[protocol];
    const names = { serverName, hosts, uris, protocols, requireProtocol: protocol === 'http2' };
    const target = new TlsTarget(this.#context, names);
    this.#targets.set(protocol, target);
    return target;
  }

  close(): void {
    this.#closed = true;
    if (this.#context !== null) this.#trust.giveBack(this.#context);
    this.#context = null;
    this.#targets.clear();
  }
}

/** All settings that the views of a thread name, each once. */
export class EndpointTlsStore {
  readonly #trust = new TrustStore();
  readonly #known = new Map<string, HopTls>();
  #lastId = 0;

  get(view: UpstreamTlsView | undefined): HopTls | null {
    if (view === undefined) return null;
    const { serverName, hosts, uris, trusted } = view;
    const key = JSON.stringify([serverName, hosts, uris, trusted]);
    return this.#once(key, (id) => new EndpointTls(id, view, this.#trust));
  }

  /** @param expected SPIFFE ID of the endpoint @param own that of this host; null = it has none @param serverName SNI */
  between(expected: string, own: string | null, serverName: string): HopTls {
    return this.#once(JSON.stringify([expected, own, serverName]), (id) => new MeshHop(id, expected, own, serverName));
  }

  /** Those between agents are made anew when they are asked for again. */
  forgetMesh(): void {
    for (const [key, tls] of this.#known) if (tls.isMesh) this.#known.delete(key);
  }

  #once(key: string, make: (id: number) => HopTls): HopTls {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const tls = make(++this.#lastId);
    this.#known.set(key, tls);
    return tls;
  }

  get size(): number {
    return this.#known.size;
  }

  /** Lets go of those that are not among `used`. */
  prune(used: ReadonlySet<HopTls>): void {
    for (const [key, tls] of this.#known) {
      if (used.has(tls)) continue;
      this.#known.delete(key);
      tls.close();
    }
  }
}
