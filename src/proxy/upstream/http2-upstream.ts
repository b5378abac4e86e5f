/** One HTTP/2 connection to an endpoint: a session and its socket, from dialling to the end. */

import type { ClusterTimeoutsView } from '../../contract/cluster-views.ts';
import { describeErrno, ECONNRESET, ETIMEDOUT } from '../../reactor/errno.ts';
import type { Socket, SocketHandler } from '../../reactor/socket.ts';
import type { Deferred } from '../../reactor/turn-end.ts';
import type { Http2Stream, StreamUser } from '../codec/http2/http2-stream.ts';
import { Http2Session } from '../codec/http2/session.ts';
import type { SessionEvents, SessionOutput } from '../codec/http2/session-types.ts';
import type { Context } from '../context.ts';
import type { ClusterTraffic } from '../endpoints/cluster-traffic.ts';
import { ConnectionCount } from './connection-count.ts';
import { dialEndpoint } from './dial.ts';
import type { StreamConnection } from './stream-pool.ts';
import type { Destination } from './upstream-connection.ts';

/** How often a session's own limits and timeouts are looked at. */
const TICK_MS = 1_000;
const NO_TIMEOUTS: ClusterTimeoutsView = {};

/** The pool as its connections see it. */
export interface UpstreamPool {
  readonly waiting: number;
  /** Streams that a connection opens before its SETTINGS have come. */
  readonly expectedStreams: number;
  /** The endpoint's SETTINGS allow that many on a connection. */
  noteAllowed(streams: number): void;
  /** A stream may have become free. */
  serveWaiting(): void;
  /** The connection takes no more streams. */
  remove(connection: Http2Upstream): void;
  /** After `remove`, once those on the connection know. @param errno > 0: it could not be established */
  onRemoved(errno: number): void;
}

export class Http2Upstream implements StreamConnection, SocketHandler, SessionEvents, SessionOutput, Deferred {
  deferred = false;
  readonly session: Http2Session;
  readonly #context: Context;
  readonly #endpoint: Destination;
  readonly #pool: UpstreamPool;
  readonly #traffic: ClusterTraffic | null;
  #count: ConnectionCount | null = null;
  #socket: Socket | null = null;
  connected = false;
  /** In the pool: takes streams. */
  #isOpen = true;
  #isClosed = false;
  /** ms of the reactor's clock since when no stream was open; 0 = one is. */
  #idleSince: number;
  #dialledAt = 0;
  /** Streams that were ever opened. */
  #opened = 0;

  constructor(context: Context, endpoint: Destination, pool: UpstreamPool, traffic: ClusterTraffic | null = null) {
    this.#traffic = traffic;
    this.#context = context;
    this.#endpoint = endpoint;
    this.#pool = pool;
    this.#idleSince = context.reactor.now;
    const { config, memory } = context.exchanges;
    this.session = new Http2Session('client', config, memory, this, this);
  }

  /** It failed by what the endpoint sent. */
  get broken(): boolean {
    return this.session.isOver && !this.#isClosed;
  }

  /** Present from dialling on. */
  get socket(): Socket {
    if (this.#socket === null) throw new Error('the connection was never dialled');
    return this.#socket;
  }

  /** Starts connecting; streams can be opened at once, what they send waits. Returns 0, or an errno when that failed at once. */
  dial(): number {
    const { reactor, limits } = this.#context;
    const connectMs = this.#traffic?.timeouts.connectMs ?? limits.connectTimeoutMs;
    const socket = dialEndpoint(reactor, this.#endpoint, connectMs, this, 'http2');
    if (typeof socket === 'number') return socket;
    this.#count = new ConnectionCount(this.#endpoint, this.#traffic);
    this.#dialledAt = reactor.now;
    this.#socket = socket;
    this.session.start(reactor.now);
    this.session.assumeStreams(this.#pool.expectedStreams);
    return 0;
  }

  /** Null when it is full, or going away. */
  openStream(user: StreamUser): Http2Stream | null {
    if (!this.#isOpen) return null;
    const stream = this.session.openStream(user);
    if (stream === null) return null;
    this.#idleSince = 0;
    this.#opened++;
    if (this.#traffic !== null && this.#opened >= this.#traffic.thresholds.requestsPerConnection) this.#takeNoMore();
    return stream;
  }

  /** It has carried what it may: the streams that it has are its last. */
  #takeNoMore(): void {
    this.#isOpen = false;
    // No more than that: whoever opens a stream serves those that wait.
    this.#pool.remove(this);
  }

  // === the socket ===

  onConnect(socket: Socket): void {
    this.connected = true;
    this.#count?.established();
    this.#context.reactor.enableKeepAlive(socket);
    this.#context.reactor.setTimer(socket, TICK_MS);
  }

  onData(_socket: Socket, at: number, length: number): void {
    this.session.receive(at, length);
  }

  onEnd(): void {
    this.#lost(ECONNRESET, 'the endpoint closed the connection');
  }

  onDrain(): void {
    this.session.onDrain();
  }

  onError(socket: Socket, errno: number): void {
    this.#lost(errno, socket.describe(errno));
  }

  onTimeout(socket: Socket): void {
    if (!this.connected) return this.#lost(ETIMEDOUT, describeErrno(ETIMEDOUT));
    const { reactor, limits } = this.#context;
    const { connectionIdleMs = limits.upstreamIdleMs, maxConnectionMs = 0 } = this.#traffic?.timeouts ?? NO_TIMEOUTS;
    const { now } = reactor;
    if (this.#idleSince > 0 && connectionIdleMs > 0 && now - this.#idleSince >= connectionIdleMs)
      return this.closeIfIdle();
    if (maxConnectionMs > 0 && now - this.#dialledAt >= maxConnectionMs) this.retire();
    if (this.#isClosed) return;
    reactor.setTimer(socket, TICK_MS);
    this.session.tick(reactor.now);
  }

  onReadable(): void {}
  onWritable(): void {}

  // === the session ===

  write(at: number, length: number): boolean {
    return this.#context.reactor.write(this.socket, at, length);
  }

  requestFlush(): void {
    this.#context.reactor.atTurnEnd(this);
  }

  onTurnEnd(): void {
    if (!this.#isClosed) this.session.flush();
  }

  setReading(on: boolean): void {
    if (on) this.#context.reactor.resume(this.socket);
    else this.#context.reactor.pause(this.socket);
  }

  onRequest(): void {}
  onRefused(): void {}

  onCapacity(): void {
    const { serverStreams } = this.session;
    if (serverStreams >= 0) this.#pool.noteAllowed(serverStreams);
    if (this.#isOpen && this.#pool.waiting > 0) this.#pool.serveWaiting();
  }

  onGoaway(): void {
    this.#leavePool();
  }

  onIdle(): void {
    this.#idleSince = this.#context.reactor.now;
    if (!this.#isOpen) this.#close();
  }

  onFatal(): void {
    this.#leavePool();
    this.#close();
  }

  // === the end ===

  /** No more streams here. */
  #leavePool(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#pool.remove(this);
    this.#pool.onRemoved(0);
  }

  /** The streams under way are its last. */
  retire(): void {
    this.#leavePool();
    if (this.session.openStreams === 0) this.#close();
  }

  /** The connection is dead: its streams hear of it, and may move on at once. */
  #lost(errno: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#count?.end();
    this.#isOpen = false;
    // First out of the pool, so that nobody moves to it; then those under way, who came before those that wait.
    this.#pool.remove(this);
    this.session.close(reason, !this.connected);
    this.#context.reactor.reset(this.socket);
    this.#pool.onRemoved(this.connected ? 0 : errno);
  }

  closeIfIdle(): void {
    if (this.session.openStreams > 0 || this.#isClosed) return;
    this.session.shutdown();
    this.#leavePool();
    this.#close();
  }

  /** After what is still to be sent. */
  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#count?.end();
    this.session.flush();
    this.session.close('closed');
    this.#context.reactor.closeGently(this.socket);
  }
}
