/**
 * Bytes both ways between a client and an endpoint, unread: copied while there are few, moved inside the kernel (splice) once
 * the connection proves to be bulk. FIN and RST are passed on, each in its own direction.
 */
import { ETIMEDOUT } from '../reactor/errno.ts';
import type { Socket, SocketHandler } from '../reactor/socket.ts';
import { type PumpResult, SplicePipe } from '../reactor/splice-pipe.ts';
import { BulkFlow } from './bulk-flow.ts';
import type { ConnectionRecord, Ending } from './connection-record.ts';
import type { Context } from './context.ts';
import type { Cluster } from './endpoints/cluster.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { observeConnect, observeFailure } from './endpoints/observe-attempt.ts';
import { GatherPace } from './gather-pace.ts';
import { ConnectionCount } from './upstream/connection-count.ts';

/** After this much time kernel keep-alive is switched on, so that a dead peer is noticed; silence alone never ends a connection. */
const KEEPALIVE_AFTER_MS = 60_000;

/** Chooses and dials another endpoint after a failed connect; null when there is none left. */
export type NextEndpoint = (failed: Endpoint) => { readonly endpoint: Endpoint; readonly socket: Socket } | null;

export class OpaqueRelay implements SocketHandler {
  readonly #context: Context;
  readonly #client: Socket;
  #server: Socket;
  #endpoint: Endpoint;
  /** Other endpoints to try while nothing was delivered; null = none. */
  readonly #next: NextEndpoint | null;
  readonly #cluster: Cluster | null;
  readonly record: ConnectionRecord;
  #fromClient: BulkFlow | null = null;
  #fromServer: BulkFlow | null = null;
  #established: boolean;
  #finished = false;
  #count: ConnectionCount;
  /** Bytes moved in both directions when the timer was looked at last. */
  #movedBefore = -1;

  /** Takes over both sockets. `endpoint.active` was raised by the caller and is lowered here. */
  constructor(
    context: Context,
    client: Socket,
    server: Socket,
    endpoint: Endpoint,
    record: ConnectionRecord,
    next: NextEndpoint | null,
    cluster: Cluster | null = null,
  ) {
    this.#cluster = cluster;
    this.#next = next;
    this.#context = context;
    this.#client = client;
    this.#server = server;
    this.#endpoint = endpoint;
    this.record = record;
    this.#count = new ConnectionCount(endpoint, cluster === null ? null : cluster.traffic);
    this.#established = !server.connecting && !server.unregistered;
    client.handler = this;
    server.handler = this;
    if (this.#established) this.#count.established();
    context.reactor.setTimer(client, this.#idleMs > 0 ? this.#idleMs : KEEPALIVE_AFTER_MS);
  }

  /** Sends bytes that were read before the relay began (slab offset), in either direction. */
  deliver(to: 'server' | 'client', at: number, length: number): void {
    const [from, target] = to === 'server' ? [this.#client, this.#server] : [this.#server, this.#client];
    if (!this.#context.reactor.write(target, at, length)) this.#context.reactor.pause(from);
  }

  /** For a relay that begins after a side has already ended. */
  start(): void {
    const { reactor } = this.#context;
    if (this.#established) observeConnect(this.#context, this.#cluster, this.#endpoint);
    if (this.#client.readClosed) reactor.end(this.#server);
    if (this.#server.readClosed) reactor.end(this.#client);
    if (this.#client.pendingBytes === 0) reactor.resume(this.#server);
    if (this.#server.pendingBytes === 0) reactor.resume(this.#client);
    this.#finishIfEnded();
  }

  /** Ends it at once: both sides see a reset. @param detail for the log */
  forbid(detail: string): void {
    Object.assign(this.record, { flag: 'UAEX', detail });
    this.#finish('refused');
  }

  onConnect(socket: Socket): void {
    this.#established = true;
    this.#context.reactor.clearTimer(socket);
    this.#count.established();
    observeConnect(this.#context, this.#cluster, this.#endpoint);
  }

  onData(socket: Socket, at: number, length: number): void {
    const { reactor, limits } = this.#context;
    const target = socket === this.#client ? this.#server : this.#client;
    if (!reactor.write(target, at, length)) reactor.pause(socket);
    else if (socket.bytesRead > limits.spliceAfterBytes && !socket.raw) this.#startSplicing();
  }

  onEnd(socket: Socket): void {
    const other = this.#other(socket);
    // The second FIN: closing both sends it, without a call of its own.
    if (other.readClosed && this.#established) return this.#finish('closed');
    this.#context.reactor.end(other);
  }

  onDrain(socket: Socket): void {
    this.#context.reactor.resume(this.#other(socket));
  }

  onError(socket: Socket, errno: number): void {
    if (socket === this.#server && !this.#established) this.#connectFailed(errno);
    else this.#finish('reset');
  }

  onTimeout(socket: Socket): void {
    if (socket === this.#server && !this.#established) return this.#connectFailed(ETIMEDOUT);
    this.#context.reactor.enableKeepAlive(this.#client);
    this.#context.reactor.enableKeepAlive(this.#server);
    if (this.#idleMs > 0) this.#watchIdle();
  }

  /** ms of silence in both directions after which the connection ends; 0 = it may last for ever. */
  get #idleMs(): number {
    return this.#cluster?.traffic.timeouts.tcpIdleMs ?? 0;
  }

  /** Ends it after a whole period, and at most two, in which nothing moved. */
  #watchIdle(): void {
    const moved = this.#client.bytesRead + this.#client.bytesWritten;
    if (moved !== this.#movedBefore) {
      this.#movedBefore = moved;
      return this.#context.reactor.setTimer(this.#client, this.#idleMs);
    }
    this.record.flag = 'SI';
    this.record.detail = `nothing moved in either direction for ${this.#idleMs} ms`;
    this.#finish('timeout');
  }

  onReadable(socket: Socket): void {
    this.#pump(socket, this.#other(socket));
  }

  onWritable(socket: Socket): void {
    this.#context.reactor.setWantsWritable(socket, false);
    this.#context.reactor.resume(this.#other(socket));
    this.#pump(this.#other(socket), socket);
  }

  /** Nothing was delivered yet: another endpoint may serve the connection, else the client sees a reset. */
  #connectFailed(errno: number): void {
    observeFailure(this.#context, this.#cluster, this.#endpoint, 'connect');
    const next = this.#next?.(this.#endpoint) ?? null;
    if (next === null) {
      this.record.flag = 'UF';
      this.record.detail = this.#server.describe(errno);
      return this.#finish('unreachable');
    }
    const { reactor } = this.#context;
    reactor.movePending(this.#server, next.socket);
    reactor.reset(this.#server);
    this.#endpoint.active--;
    next.endpoint.active++;
    this.#count.end();
    this.#count = new ConnectionCount(next.endpoint, this.#cluster === null ? null : this.#cluster.traffic);
    this.#endpoint = next.endpoint;
    this.record.endpoint = next.endpoint.text;
    this.#server = next.socket;
    next.socket.handler = this;
  }

  #startSplicing(): void {
    const { reactor } = this.#context;
    if (this.#client.pending !== null || this.#server.pending !== null) return;
    if (this.#client.connecting || this.#server.connecting) return;
    // Their bytes must pass through OpenSSL.
    if (this.#client.tls !== null || this.#server.tls !== null) return;
    const fromClient = SplicePipe.open(reactor.kernel);
    if (fromClient === null) return;
    const fromServer = SplicePipe.open(reactor.kernel);
    if (fromServer === null) return fromClient.close();
    this.#fromClient = this.#flow(this.#client, this.#server, fromClient);
    this.#fromServer = this.#flow(this.#server, this.#client, fromServer);
    reactor.setRaw(this.#client, fromClient);
    reactor.setRaw(this.#server, fromServer);
  }

  #flow(source: Socket, target: Socket, pipe: SplicePipe): BulkFlow {
    const { reactor } = this.#context;
    return new BulkFlow(reactor, source, target, pipe, new GatherPace(), (result) =>
      this.#pumped(source, target, result),
    );
  }

  #pump(source: Socket, target: Socket): void {
    const flow = source === this.#client ? this.#fromClient : this.#fromServer;
    if (flow !== null) this.#pumped(source, target, flow.pump());
  }

  #pumped(source: Socket, target: Socket, result: PumpResult): void {
    const { reactor } = this.#context;
    if (typeof result === 'object') return this.#finish('reset');
    switch (result) {
      case 'blocked':
        reactor.pause(source);
        reactor.setWantsWritable(target, true);
        return;
      case 'ended':
        reactor.markReadClosed(source);
        reactor.end(target);
        this.#finishIfEnded();
        return;
      case 'drained':
      case 'yield':
        return;
    }
  }

  #other(socket: Socket): Socket {
    return socket === this.#client ? this.#server : this.#client;
  }

  #finishIfEnded(): void {
    if (this.#client.readClosed && this.#server.readClosed && !this.#server.connecting) this.#finish('closed');
  }

  #finish(ending: Ending): void {
    if (this.#finished) return;
    this.#finished = true;
    const { reactor } = this.#context;
    const record = this.record;
    record.bytesFromClient = this.#client.bytesRead;
    // A reset takes with it what the kernel has not got yet.
    record.bytesToClient = this.#client.bytesWritten + (ending === 'closed' ? this.#client.pendingBytes : 0);
    // The reactor closes the pipes with them.
    if (ending === 'closed') {
      reactor.close(this.#client);
      reactor.close(this.#server);
    } else {
      reactor.reset(this.#client);
      reactor.reset(this.#server);
    }
    this.#endpoint.active--;
    this.#count.end();
    record.close(ending);
  }
}
