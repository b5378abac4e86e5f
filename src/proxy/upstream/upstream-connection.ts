/** One HTTP/1.1 connection to an endpoint: lent to one exchange at a time, kept in the endpoint's pool in between. */
import { describeErrno, ETIMEDOUT } from '../../reactor/errno.ts';
import type { Reactor } from '../../reactor/reactor.ts';
import type { Socket, SocketHandler } from '../../reactor/socket.ts';
import type { ClusterTraffic } from '../endpoints/cluster-traffic.ts';
import { ConnectionCount, type CountedEndpoint } from './connection-count.ts';
import { type DialTarget, dialEndpoint } from './dial.ts';
import type { IdleLesson } from './idle-lesson.ts';
import type { StreamPool } from './stream-pool.ts';

/** The endpoint that connections go to, as far as they care. */
export interface Destination extends DialTarget, CountedEndpoint {
  /** Kept-alive connections not in use; the last one returned is the first one taken. */
  readonly idle: UpstreamConnection[];
  /** Its HTTP/2 connections, null before the first. */
  http2: StreamPool | null;
  /** What its server does with idle connections. */
  readonly idleLesson: IdleLesson;
  /** Requests and opaque connections in flight. */
  active: number;
  /** ms of the reactor's clock. */
  lastUsed: number;
}

/** What the borrower of a connection hears. */
export interface UpstreamUser {
  onUpstreamConnect(): void;
  onUpstreamData(at: number, length: number): void;
  onUpstreamEnd(): void;
  onUpstreamDrain(): void;
  /** errno > 0, and the same in plain words; ETIMEDOUT also when our own connect timeout passed. */
  onUpstreamError(errno: number, reason: string): void;
}

export class UpstreamConnection implements SocketHandler {
  readonly endpoint: Destination;
  readonly #reactor: Reactor;
  #socket: Socket | null = null;
  /** Of the cluster that it was dialled for; null: of none. */
  readonly traffic: ClusterTraffic | null;
  #count: ConnectionCount | null = null;
  /** Requests that it has carried. */
  requests = 0;
  /** ms of the reactor's clock when it was dialled. */
  readonly dialledAt: number;
  user: UpstreamUser | null = null;
  /** It has waited in the pool at least once, where its server may close it unseen. */
  pooled = false;
  connected = false;
  /** ms of the reactor's clock when it became idle. */
  idleSince = 0;
  /** ms that it had been idle when its user took it. */
  idledMs = 0;
  /** It carries no more requests. */
  isSpent = false;
  /** What the server says it keeps an idle connection open (Keep-Alive: timeout), -1 = it did not say. */
  serverIdleMs = -1;

  constructor(endpoint: Destination, reactor: Reactor, traffic: ClusterTraffic | null = null) {
    this.endpoint = endpoint;
    this.#reactor = reactor;
    this.traffic = traffic;
    this.dialledAt = reactor.now;
  }

  /** The socket; present from dialling until the connection object is thrown away. */
  get socket(): Socket {
    if (this.#socket === null) throw new Error('the upstream connection was never dialled');
    return this.#socket;
  }

  /** Starts connecting. Returns 0, or an errno when that failed at once. */
  dial(timeoutMs: number): number {
    const socket = dialEndpoint(this.#reactor, this.endpoint, timeoutMs, this, 'http1');
    if (typeof socket === 'number') return socket;
    this.#socket = socket;
    this.#count = new ConnectionCount(this.endpoint, this.traffic);
    return 0;
  }

  /** Takes over a connection that was dialled for another purpose (sniffing in parallel). */
  adopt(socket: Socket): void {
    this.#socket = socket;
    this.connected = !socket.connecting;
    this.#count = new ConnectionCount(this.endpoint, this.traffic);
    if (this.connected) this.#count.established();
    socket.handler = this;
  }

  onConnect(socket: Socket): void {
    this.connected = true;
    this.#count?.established();
    this.#reactor.clearTimer(socket);
    this.user?.onUpstreamConnect();
  }

  onData(_socket: Socket, at: number, length: number): void {
    if (this.user !== null) this.user.onUpstreamData(at, length);
    // Bytes that nobody asked for: this connection must never carry another request (RFC 9112 9.2).
    else this.discard();
  }

  onEnd(): void {
    if (this.user !== null) this.user.onUpstreamEnd();
    else this.closedByServer();
  }

  onDrain(): void {
    this.user?.onUpstreamDrain();
  }

  onError(socket: Socket, errno: number): void {
    if (this.user !== null) this.user.onUpstreamError(errno, socket.describe(errno));
    else this.closedByServer();
  }

  onTimeout(): void {
    if (this.user === null) this.discard();
    else if (!this.connected) this.user.onUpstreamError(ETIMEDOUT, describeErrno(ETIMEDOUT));
  }

  onReadable(): void {}
  onWritable(): void {}

  /** Somebody else has its socket now. */
  leave(): void {
    this.user = null;
    this.#count?.end();
  }

  /** The server closed it while it was idle: how long it had waited is worth knowing. */
  closedByServer(): void {
    const { now } = this.#reactor;
    this.endpoint.idleLesson.observeClose(now, now - this.idleSince);
    this.discard();
  }

  /** The request under way is its last; between two of them it is closed at once. */
  retire(): void {
    this.isSpent = true;
    if (this.user === null) this.discard();
  }

  /** Closes the connection and takes it out of the pool. */
  discard(): void {
    this.leave();
    const at = this.endpoint.idle.indexOf(this);
    if (at >= 0) this.endpoint.idle.splice(at, 1);
    if (this.#socket !== null) this.#reactor.close(this.#socket);
  }

  /** As `discard`, with RST: the exchange on it was cut short. */
  abort(): void {
    if (this.#socket !== null) this.#reactor.reset(this.#socket);
    this.discard();
  }
}
