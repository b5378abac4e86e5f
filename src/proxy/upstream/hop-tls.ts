/** TLS under the protocol of a connection to an endpoint: a service's own (endpoint-tls.ts), or that between agents (mesh-hop.ts). */
import type { ClientTarget } from '../../reactor/tls/client-target.ts';
import type { TlsEngine } from '../../reactor/tls/tls-engine.ts';

/** What is spoken above TLS. */
export type WireProtocol = 'http1' | 'http2' | 'bytes';

export interface HopTls {
  /** Tells it from all others of the thread, now and later. */
  readonly id: number;
  /** Between agents: neither program notices it, and what a program has put into TLS itself travels inside. */
  readonly isMesh: boolean;
  /** Why no connection can be made with it; '' = none was tried yet, or all is well. */
  readonly problem: string;
  /** For one new connection; null: see `problem`. */
  targetFor(engine: TlsEngine, protocol: WireProtocol): ClientTarget | null;
  /** Nobody dials with it any more; connections made with it go on. */
  close(): void;
}
