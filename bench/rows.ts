/** What is measured: one row for each kind of work. Rows and subjects keep these names in the table, in JSON and in docs/performance.md. */

/** What is spoken on the way. Each has its own upstream, and its own address at every subject. */
export const WORKS = ['http1', 'tls', 'http2', 'grpc', 'tcp', 'bulk'] as const;
/** tls: HTTP/1.1 in the clear from the client, over TLS to the upstream. bulk: TCP to iperf3. */
export type Work = (typeof WORKS)[number];

/** How a row puts load on a subject. */
export type Load =
  /** Closed loop: each connection asks again as soon as it is answered. */
  | {
      readonly type: 'wrk';
      readonly path: string;
      readonly connections: number;
      readonly newConnectionEach: boolean;
    }
  /** Closed loop over HTTP/2: each stream that ends is followed by a new one. With a message: gRPC calls of one message. */
  | {
      readonly type: 'h2load';
      readonly connections: number;
      readonly streams: number;
      readonly message: 'none' | 'grpc';
    }
  /** gRPC streams that stay open; on each a message leaves when the last one came back. */
  | { readonly type: 'grpc-stream'; readonly connections: number; readonly streams: number }
  /** One long stream of bytes from client to server. */
  | { readonly type: 'bulk' }
  /** Requests leave at fixed times, whatever became of the earlier ones. */
  | { readonly type: 'open-loop'; readonly path: string; readonly connections: number; readonly ratePerSecond: number }
  /** Idle processes and idle connections. */
  | { readonly type: 'memory' };

export interface Row {
  readonly name: string;
  readonly work: Work;
  readonly load: Load;
  readonly what: string;
  /** Towpath alone takes part, with metrics, log and traces against itself with metrics only; other rows compare it with the peers. */
  readonly isOverhead?: boolean;
}

/** Bodies that the upstream serves, bytes. The first is written in its configuration, the others are files. */
export const SMALL_BYTES = 200;
export const FILES: Readonly<Record<string, number>> = { '1k': 1024, '16k': 16 * 1024, '1m': 1024 * 1024 };
/** A request of the row tcp-bulk. */
export const BULK_REQUEST_BYTES = 1_000_000;

export const ROWS: readonly Row[] = [
  http1('h1-keepalive', '/', 32, false, 'HTTP/1.1, 32 connections kept alive, 200 B bodies'),
  http1('h1-16k', '/16k', 32, false, 'HTTP/1.1, 32 connections kept alive, 16 KiB bodies'),
  http1('h1-1m', '/1m', 8, false, 'HTTP/1.1, 8 connections kept alive, 1 MiB bodies'),
  {
    ...http1(
      'h1-watched',
      '/',
      32,
      false,
      'HTTP/1.1 kept alive, 200 B; JSON access log to a file, 1 % traced: over metrics alone',
    ),
    isOverhead: true,
  },
  http2('h2-multiplexed', 8, 16, 'HTTP/2, 8 connections of 16 streams, 200 B bodies'),
  http2('h2-single', 32, 1, 'HTTP/2, 32 connections of 1 stream, 200 B bodies'),
  {
    name: 'grpc-unary',
    work: 'grpc',
    load: { type: 'h2load', connections: 8, streams: 16, message: 'grpc' },
    what: 'gRPC calls, 8 connections of 16 streams, 200 B messages both ways',
  },
  {
    name: 'grpc-stream',
    work: 'grpc',
    load: { type: 'grpc-stream', connections: 8, streams: 4 },
    what: 'gRPC bidirectional streams, 8 connections of 4, 200 B messages; a request is a message and its echo',
  },
  { ...http1('h1-tls-upstream', '/', 32, false, 'HTTP/1.1 kept alive, 200 B; TLS to the upstream'), work: 'tls' },
  { name: 'tcp-bulk', work: 'bulk', load: { type: 'bulk' }, what: 'raw TCP, one stream; a request is 1 MB' },
  { ...http1('tcp-short', '/', 32, true, 'raw TCP, a new connection for each request, 200 B answers'), work: 'tcp' },
  http1('h1-short', '/', 32, true, 'HTTP/1.1, a new connection for each request, 200 B bodies'),
  {
    name: 'latency-1k',
    work: 'http1',
    load: { type: 'open-loop', path: '/1k', connections: 32, ratePerSecond: 1000 },
    what: 'HTTP/1.1, 1,000 requests/s at fixed times, 1 KiB bodies',
  },
  { name: 'memory', work: 'http1', load: { type: 'memory' }, what: 'idle process; idle connections' },
];

/** Requests that can be under way at once. */
export function concurrencyOf(load: Load): number {
  switch (load.type) {
    case 'wrk':
    case 'open-loop':
      return load.connections;
    case 'h2load':
    case 'grpc-stream':
      return load.connections * load.streams;
    case 'bulk':
    case 'memory':
      return 1;
  }
}

function http1(name: string, path: string, connections: number, newConnectionEach: boolean, what: string): Row {
  return { name, work: 'http1', load: { type: 'wrk', path, connections, newConnectionEach }, what };
}

function http2(name: string, connections: number, streams: number, what: string): Row {
  return { name, work: 'http2', load: { type: 'h2load', connections, streams, message: 'none' }, what };
}
