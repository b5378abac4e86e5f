/** How requests get HTTP/2 streams of an endpoint. */

import type { Http2Stream, StreamUser } from '../codec/http2/http2-stream.ts';
import type { ClusterTraffic } from '../endpoints/cluster-traffic.ts';

/** Who wants a stream. */
export interface StreamClaimant extends StreamUser {
  /** Internal to the pool: the place in the queue is still wanted. */
  waiting: boolean;
  /** Of the cluster that the stream is for, null = none. */
  readonly traffic: ClusterTraffic | null;
  /** ms of the reactor's clock when it began to wait, 0 = it never has: the pool says. */
  waitingSince: number;
  /** The stream is open and nothing was sent on it yet. */
  onStream(stream: Http2Stream, connection: StreamConnection): void;
  /** It waited for nothing: no stream became free (0), or no connection could be had (errno). */
  onNoStream(errno: number): void;
}

/** The connection under a stream. */
export interface StreamConnection {
  /** It was established at all. */
  readonly connected: boolean;
  /** The endpoint broke the protocol. */
  readonly broken: boolean;
}

/** Results of `claim`; a positive number is an errno. */
export const CLAIMED = 0;
export const WAITING = -1;
export const TOO_MANY_WAIT = -2;
/** As many requests of the cluster wait as its circuit breaker allows. */
export const PENDING_FULL = -3;

export interface StreamPool {
  /** Connections that take streams, streams open on them, and claimants in the queue. */
  readonly connectionCount: number;
  readonly openStreams: number;
  readonly waiting: number;
  /** Opens a stream for `claimant` (`onStream` is called before this returns), or puts it into the queue. */
  claim(claimant: StreamClaimant): number;
  /** Takes a claimant out of the queue. */
  withdraw(claimant: StreamClaimant): void;
  /** Closes the connections that nobody uses. */
  closeIdle(): void;
}
