/**
 * The HTTP/2 connections to one endpoint, each shared by the streams of many clients. One is filled before the next is dialled;
 * when all are full, requests wait their turn, in bounded number and for a bounded time.
 */
import type { Timed } from '../../reactor/timer-wheel.ts';
import type { Context } from '../context.ts';
import { Http2Upstream, type UpstreamPool } from './http2-upstream.ts';
import { CLAIMED, type StreamClaimant, type StreamPool, TOO_MANY_WAIT, WAITING } from './stream-pool.ts';
import type { Destination } from './upstream-connection.ts';

/**
 * Bytes that clients have not taken yet: with more, slow clients could soon use up the window of the connection, which all its
 * streams share. New streams go over another one.
 */
const MANY_UNCONSUMED = 1 << 20;

export class Http2Pool implements StreamPool, UpstreamPool, Timed {
  deadline = 0;
  wheelTick = -1;
  readonly #connections: Http2Upstream[] = [];
  readonly #context: Context;
  readonly #endpoint: Destination;
  readonly #waiting: StreamClaimant[] = [];

  constructor(context: Context, endpoint: Destination) {
    this.#context = context;
    this.#endpoint = endpoint;
  }

  get connectionCount(): number {
    return this.#connections.length;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get openStreams(): number {
    return this.#connections.reduce((sum, { session }) => sum + session.openStreams, 0);
  }

  claim(claimant: StreamClaimant): number {
    // Those that wait come first.
    if (this.#waiting.length === 0) {
      const result = this.#open(claimant);
      if (result !== WAITING) return result;
    }
    const { limits, reactor } = this.#context;
    if (this.#waiting.length >= limits.maxWaitingPerEndpoint) return TOO_MANY_WAIT;
    claimant.waiting = true;
    claimant.waitingSince = reactor.now;
    this.#waiting.push(claimant);
    if (this.deadline === 0) reactor.schedule(this, limits.streamWaitMs);
    return WAITING;
  }

  withdraw(claimant: StreamClaimant): void {
    if (!claimant.waiting) return;
    claimant.waiting = false;
    const at = this.#waiting.indexOf(claimant);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  /** CLAIMED, WAITING when all connections are full, or an errno. */
  #open(claimant: StreamClaimant): number {
    if (this.#openOn(claimant, MANY_UNCONSUMED)) return CLAIMED;
    if (this.#connections.length >= this.#context.limits.maxHttp2PerEndpoint)
      return this.#openOn(claimant, Number.POSITIVE_INFINITY) ? CLAIMED : WAITING;
    const fresh = new Http2Upstream(this.#context, this.#endpoint, this);
    const errno = fresh.dial();
    if (errno !== 0) return errno;
    this.#connections.push(fresh);
    return this.#openOn(claimant, MANY_UNCONSUMED) ? CLAIMED : WAITING;
  }

  /** On the first connection that has room, and holds no more unconsumed bytes than that. */
  #openOn(claimant: StreamClaimant, unconsumed: number): boolean {
    const connections = this.#connections;
    for (let i = 0; i < connections.length; i++) {
      if (connections[i].session.unconsumedBytes > unconsumed) continue;
      const stream = connections[i].openStream(claimant);
      if (stream === null) continue;
      claimant.onStream(stream, connections[i]);
      return true;
    }
    return false;
  }

  /** A stream may have become free. */
  serveWaiting(): void {
    const waiting = this.#waiting;
    while (waiting.length > 0) {
      const first = waiting[0];
      const result = this.#open(first);
      if (result === WAITING) return;
      // Opening may have had consequences: the first may be gone already.
      if (waiting[0] === first) waiting.shift();
      first.waiting = false;
      if (result > 0) first.onNoStream(result);
    }
  }

  remove(connection: Http2Upstream): void {
    const at = this.#connections.indexOf(connection);
    if (at >= 0) this.#connections.splice(at, 1);
  }

  onRemoved(errno: number): void {
    if (errno === 0 || this.#connections.length > 0) return this.serveWaiting();
    // Who waits may have another endpoint to go to.
    for (const claimant of this.#waiting.splice(0)) {
      claimant.waiting = false;
      claimant.onNoStream(errno);
    }
  }

  /** The first in the queue has waited long enough. */
  onDeadline(now: number): void {
    const { limits, reactor } = this.#context;
    const waiting = this.#waiting;
    while (waiting.length > 0 && waiting[0].waitingSince + limits.streamWaitMs <= now) {
      const claimant = waiting[0];
      waiting.shift();
      claimant.waiting = false;
      claimant.onNoStream(0);
    }
    if (waiting.length > 0) reactor.schedule(this, waiting[0].waitingSince + limits.streamWaitMs - now);
  }

  closeIdle(): void {
    for (const connection of [...this.#connections]) connection.closeIfIdle();
  }
}

/** The pool of an endpoint, made on first use. */
export function http2PoolOf(context: Context, endpoint: Destination): StreamPool {
  endpoint.http2 ??= new Http2Pool(context, endpoint);
  return endpoint.http2;
}
