/** What is measured: one row for each kind of work. Rows and subjects keep these names in the table, in JSON and in docs/performance.md. */

/** How a row puts load on a subject. */
export type Load =
  /** Closed loop: each connection asks again as soon as it is answered. */
  | {
      readonly type: 'wrk';
      readonly path: string;
      readonly connections: number;
      readonly newConnectionEach: boolean;
    }
  /** One long stream of bytes from client to server. */
  | { readonly type: 'bulk' }
  /** Requests leave at fixed times, whatever became of the earlier ones. */
  | { readonly type: 'open-loop'; readonly path: string; readonly connections: number; readonly ratePerSecond: number }
  /** Idle processes and idle connections. */
  | { readonly type: 'memory' };

export interface Row {
  readonly name: string;
  readonly load: Load;
  /** What the proxy must have taken the connections for; its counters have to say so. */
  readonly protocol: 'http1' | 'tcp';
  readonly what: string;
}

/** Bodies that the upstream serves, bytes. The first is written in its configuration, the others are files. */
export const SMALL_BYTES = 200;
export const FILES: Readonly<Record<string, number>> = { '1k': 1024, '16k': 16 * 1024, '1m': 1024 * 1024 };
/** A request of the row tcp-bulk. */
export const BULK_REQUEST_BYTES = 1_000_000;

export const ROWS: readonly Row[] = [
  http('h1-keepalive', '/', 32, false, 'HTTP/1.1, 32 connections kept alive, 200 B bodies'),
  http('h1-16k', '/16k', 32, false, 'HTTP/1.1, 32 connections kept alive, 16 KiB bodies'),
  http('h1-1m', '/1m', 8, false, 'HTTP/1.1, 8 connections kept alive, 1 MiB bodies'),
  http('h1-short', '/', 32, true, 'HTTP/1.1, a new connection for each request, 200 B bodies'),
  { name: 'tcp-bulk', load: { type: 'bulk' }, protocol: 'tcp', what: 'raw TCP, one stream; a request is 1 MB' },
  { ...http('tcp-short', '/', 32, true, 'raw TCP, a new connection for each request, 200 B answers'), protocol: 'tcp' },
  {
    name: 'latency-1k',
    load: { type: 'open-loop', path: '/1k', connections: 32, ratePerSecond: 1000 },
    protocol: 'http1',
    what: 'HTTP/1.1, 1,000 requests/s at fixed times, 1 KiB bodies',
  },
  { name: 'memory', load: { type: 'memory' }, protocol: 'http1', what: 'idle process; idle connections' },
];

function http(name: string, path: string, connections: number, newConnectionEach: boolean, what: string): Row {
  return { name, load: { type: 'wrk', path, connections, newConnectionEach }, protocol: 'http1', what };
}
