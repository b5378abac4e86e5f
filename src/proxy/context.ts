/** What every stage of the pipeline of one data thread needs; made once in data-thread.ts. */
import type { Reactor } from '../reactor/reactor.ts';
import type { ChunkedPool } from './codec/http1/chunked.ts';
import type { HeadParser } from './codec/http1/head.ts';
import type { RecordSink } from './connection-record.ts';
import type { Counters } from './counters.ts';
import type { EndpointStore } from './endpoints/endpoint-store.ts';
import type { RequestMeter } from './request-meter.ts';
import type { RoutingTable } from './routing-table.ts';
import type { ServerFirstMemory } from './server-first.ts';

export interface Limits {
  /** Sockets of one data thread, both sides together. */
  readonly maxSockets: number;
  /** Largest head of a message, at most 64 KiB (one chunk of the slab). */
  readonly headBytes: number;
  /** ms without a byte while a request head is incomplete. */
  readonly headTimeoutMs: number;
  /** ms that a kept-alive HTTP/1.1 client may stay idle. */
  readonly clientIdleMs: number;
  /** ms that a pooled upstream connection may stay idle. */
  readonly upstreamIdleMs: number;
  readonly connectTimeoutMs: number;
  /** Idle upstream connections kept for each endpoint. */
  readonly maxIdlePerEndpoint: number;
  /** ms that a connection waits for the view of a service that was just dialled. */
  readonly viewTimeoutMs: number;
  /** Bytes in one direction after which an opaque connection is moved by splice(2). */
  readonly spliceAfterBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxSockets: 65_536,
  headBytes: 65_536,
  headTimeoutMs: 60_000,
  clientIdleMs: 3_600_000,
  upstreamIdleMs: 55_000,
  connectTimeoutMs: 5_000,
  maxIdlePerEndpoint: 256,
  viewTimeoutMs: 5_000,
  spliceAfterBytes: 1 << 20,
};

export interface Context {
  readonly reactor: Reactor;
  readonly parser: HeadParser;
  readonly chunked: ChunkedPool;
  readonly counters: Counters;
  readonly meter: RequestMeter;
  readonly sink: RecordSink;
  readonly table: RoutingTable;
  /** Endpoints dialled by programs of this host. */
  readonly outbound: EndpointStore;
  /** Programs of this host. */
  readonly inbound: EndpointStore;
  readonly serverFirst: ServerFirstMemory;
  readonly limits: Limits;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** True once draining: answer `Connection: close`. */
  readonly draining: () => boolean;
  /** Waits for a service's view: calls back with true when it came, false when it did not in time. */
  readonly whenServiceArrives: (key: string, done: (arrived: boolean) => void) => void;
}
