/** What every stage of the pipeline of one data thread needs; made once in data-thread.ts. */
import type { Reactor } from '../reactor/reactor.ts';
import type { ChunkedPool } from './codec/http1/chunked.ts';
import type { HeadLimits, HeadParser } from './codec/http1/head.ts';
import type { RecordSink } from './connection-record.ts';
import type { Counters } from './counters.ts';
import type { AskedRequest } from './endpoints/asked-request.ts';
import type { EndpointStore } from './endpoints/endpoint-store.ts';
import type { ExchangeParts } from './exchange/parts.ts';
import type { ExplicitParts } from './explicit/explicit-parts.ts';
import type { HostPolicies } from './host-policies.ts';
import type { Janitor } from './janitor.ts';
import type { Journal } from './journal/journal.ts';
import type { RequestLimits } from './limits/request-limits.ts';
import type { OwnIdentities } from './mesh/own-identities.ts';
import type { RequestMeter } from './request-meter.ts';
import type { RoutingTable } from './routing-table.ts';
import type { ServerFirstMemory } from './server-first.ts';

export interface Limits {
  /** Sockets of one data thread, both sides together. */
  readonly maxSockets: number;
  /** Largest head of a message, at most 64 KiB (one chunk of the slab). */
  readonly headBytes: number;
  /** HTTP/1.1: longest request line, without CRLF. */
  readonly requestLineBytes: number;
  /** HTTP/1.1: most fields of one head. */
  readonly headerFields: number;
  /** HTTP/1.1: longest chunk line, with its extensions and without CRLF. */
  readonly chunkLineBytes: number;
  /** ms from the first byte of a request head to its last. */
  readonly headTimeoutMs: number;
  /** ms that a client may keep a message waiting: sends nothing of a body it has begun, or takes nothing of an answer. */
  readonly stallMs: number;
  /** Bytes per second that a client must send of a body while nothing but itself holds it up; 0: any byte will do. */
  readonly bodyBytesPerSecond: number;
  /** ms that a kept-alive HTTP/1.1 client may stay idle. */
  readonly clientIdleMs: number;
  /** ms that a pooled upstream connection may stay idle. */
  readonly upstreamIdleMs: number;
  readonly connectTimeoutMs: number;
  /** Idle upstream connections kept for each endpoint. */
  readonly maxIdlePerEndpoint: number;
  /** HTTP/2 connections to each endpoint. */
  readonly maxHttp2PerEndpoint: number;
  /** Requests that wait for a free stream of an endpoint, and ms that each may. */
  readonly maxWaitingPerEndpoint: number;
  readonly streamWaitMs: number;
  /** ms that a connection waits for the view of a service that was just dialled. */
  readonly viewTimeoutMs: number;
  /** Bytes in one direction after which an opaque connection is moved by splice(2). */
  readonly spliceAfterBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxSockets: 65_536,
  headBytes: 65_536,
  requestLineBytes: 8192,
  headerFields: 200,
  chunkLineBytes: 256,
  headTimeoutMs: 60_000,
  stallMs: 300_000,
  bodyBytesPerSecond: 0,
  clientIdleMs: 3_600_000,
  upstreamIdleMs: 55_000,
  connectTimeoutMs: 5_000,
  maxIdlePerEndpoint: 256,
  maxHttp2PerEndpoint: 32,
  maxWaitingPerEndpoint: 4_096,
  streamWaitMs: 5_000,
  viewTimeoutMs: 5_000,
  spliceAfterBytes: 1 << 20,
};

/** What of it the parser of HTTP/1.1 heads keeps to. */
export function headLimits({ requestLineBytes, headBytes, headerFields }: Limits): HeadLimits {
  return { requestLineBytes, headBytes, fields: headerFields };
}

export interface Context {
  readonly reactor: Reactor;
  readonly parser: HeadParser;
  readonly chunked: ChunkedPool;
  readonly exchanges: ExchangeParts;
  readonly counters: Counters;
  readonly meter: RequestMeter;
  readonly journal: Journal;
  readonly sink: RecordSink;
  readonly table: RoutingTable;
  /** Endpoints dialled by programs of this host. */
  readonly outbound: EndpointStore;
  /** Programs of this host. */
  readonly inbound: EndpointStore;
  /** For what arrives at them. */
  readonly hostPolicies: HostPolicies;
  /** As whom this host speaks and answers in mutual TLS. */
  readonly identities: OwnIdentities;
  readonly rateLimits: RequestLimits;
  readonly serverFirst: ServerFirstMemory;
  readonly explicit: ExplicitParts;
  /** The request that is being decided on. */
  readonly asked: AskedRequest;
  /** Watches connections whose clients may stall. */
  readonly janitor: Janitor;
  readonly limits: Limits;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** True once draining: answer `Connection: close`. */
  readonly draining: () => boolean;
  /** Waits for a service's view: calls back with true when it came, false when it did not in time. */
  readonly whenServiceArrives: (key: string, done: (arrived: boolean) => void) => void;
}
