/**
 * The HTTP/2 connections to one endpoint, each shared by the streams of many clients. One is filled before the next is dialled;
 * when all are full, requests wait their turn, in bounded number and for a bounded time.
 */
import type { Timed } from '../../reactor/timer-wheel.ts';
import type { Context } from '../context.ts';
import { refusesConnection } from './connection-count.ts';
import { Http2Upstream, type UpstreamPool } from './http2-upstream.ts';
import { CLAIMED, PENDING_FULL, type StreamClaimant, type StreamPool, TOO_MANY_WAIT, WAITING } from './stream-pool.ts';
import type { Destination } from './upstream-connection.ts';

/**
 * Bytes that clients have not taken yet: with more, slow clients could soon use up the window of the connection, which all its
 * streams share. New streams go over another one.
 */
const MANY_UNCONSUMED = 1 << 20;
/** Streams on a connection before its SETTINGS have come: one if none of the endpoint ever came, and never more than this. */
const MOST_EXPECTED = 100;

export class Http2Pool implements StreamPool, UpstreamPool, Timed {
  deadline = 0;
  wheelTick = -1;
  readonly #connections: Http2Upstream[] = [];
  readonly #context: Context;
  readonly #endpoint: Destination;
  readonly #waiting: StreamClaimant[] = [];
  /** What the endpoint's last SETTINGS allowed on a connection; 0 = none have come. */
  #allowed = 0;

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

  get expectedStreams(): number {
    return Math.min(Math.max(1, this.#allowed), MOST_EXPECTED);
  }

  noteAllowed(streams: number): void {
    this.#allowed = Math.max(1, streams);
  }

  claim(claimant: StreamClaimant): number {
    // Those that wait come first.
    if (this.#waiting.length === 0) {
      const result = this.#open(claimant);
      if (result !== WAITING) return result;
    }
    const { limits, reactor } = this.#context;
    if (this.#waiting.length >= limits.maxWaitingPerEndpoint) return TOO_MANY_WAIT;
    const { traffic } = claimant;
    if (traffic !== null && traffic.pending >= traffic.thresholds.pending) return PENDING_FULL;
    if (traffic !== null) traffic.pending++;
    claimant.waiting = true;
    if (claimant.waitingSince === 0) claimant.waitingSince = reactor.now;
    this.#enqueue(claimant);
    if (this.deadline === 0 || this.#waiting[0] === claimant) this.#scheduleFirst();
    return WAITING;
  }

  /** By the time that each began to wait: one that was refused has its old place. */
  #enqueue(claimant: StreamClaimant): void {
    const waiting = this.#waiting;
    let at = waiting.length;
    while (at > 0 && waiting[at - 1].waitingSince > claimant.waitingSince) at--;
    if (at === waiting.length) waiting.push(claimant);
    else waiting.splice(at, 0, claimant);
  }

  #scheduleFirst(): void {
    const { limits, reactor } = this.#context;
    reactor.schedule(this, Math.max(0, this.#waiting[0].waitingSince + limits.streamWaitMs - reactor.now));
  }

  withdraw(claimant: StreamClaimant): void {
    if (!claimant.waiting) return;
    stopWaiting(claimant);
    const at = this.#waiting.indexOf(claimant);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  /** CLAIMED, WAITING when all connections are full, or an errno. */
  #open(claimant: StreamClaimant): number {
    if (this.#openOn(claimant, MANY_UNCONSUMED)) return CLAIMED;
    if (this.#connections.length >= this.#context.limits.maxHttp2PerEndpoint || !this.#mayDial(claimant))
      return this.#openOn(claimant, Number.POSITIVE_INFINITY) ? CLAIMED : WAITING;
    const fresh = new Http2Upstream(this.#context, this.#endpoint, this, claimant.traffic);
    const errno = fresh.dial();
    if (errno !== 0) return errno;
    this.#connections.push(fresh);
    return this.#openOn(claimant, MANY_UNCONSUMED) ? CLAIMED : WAITING;
  }

  /** Not while it is unknown what one connection takes, nor when the endpoint refuses more than it has. */
  #mayDial({ traffic, waiting }: StreamClaimant): boolean {
    if (refusesConnection(traffic, this.#endpoint, waiting) !== null) return false;
    for (const { session } of this.#connections) {
      if (session.isRefusing || (this.#allowed === 0 && session.serverStreams < 0)) return false;
    }
    return true;
  }

  /** On the first connection that has room, and holds no more unconsumed bytes than that. */
  #openOn(claimant: StreamClaimant, unconsumed: number): boolean {
    const connections = this.#connections;
    for (let i = 0; i < connections.length; i++) {
      const connection = connections[i];
      if (connection.session.unconsumedBytes > unconsumed) continue;
      const stream = connection.openStream(claimant);
      if (stream === null) continue;
      claimant.onStream(stream, connection);
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
      stopWaiting(first);
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
      stopWaiting(claimant);
      claimant.onNoStream(errno);
    }
  }

  /** The first in the queue has waited long enough. */
  onDeadline(now: number): void {
    const { limits } = this.#context;
    const waiting = this.#waiting;
    while (waiting.length > 0 && waiting[0].waitingSince + limits.streamWaitMs <= now) {
      const claimant = waiting[0];
      waiting.shift();
      stopWaiting(claimant);
      claimant.onNoStream(0);
    }
    if (waiting.length > 0) this.#scheduleFirst();
  }

  closeIdle(): void {
    for (const connection of [...this.#connections]) connection.closeIfIdle();
  }
}

function stopWaiting(claimant: StreamClaimant): void {
  if (claimant.waiting && claimant.traffic !== null) claimant.traffic.pending--;
  claimant.waiting = false;
}

/** The pool of an endpoint, made on first use. */
export function http2PoolOf(context: Context, endpoint: Destination): StreamPool {
  endpoint.http2 ??= new Http2Pool(context, endpoint);
  return endpoint.http2;
}
