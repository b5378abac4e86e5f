/**
 * One captured HTTP/2 connection: each stream is an exchange of its own, routed, balanced and retried alone. What the session
 * wants of the socket, and the socket of the session, passes here.
 */
import type { Socket, SocketHandler } from '../reactor/socket.ts';
import type { SockAddr } from '../reactor/socket-address.ts';
import type { Deferred } from '../reactor/turn-end.ts';
import type { Http2Head } from './codec/http2/http2-head.ts';
import type { Http2Stream } from './codec/http2/http2-stream.ts';
import { Http2Session } from './codec/http2/session.ts';
import type { SessionEvents, SessionOutput } from './codec/http2/session-types.ts';
import type { ConnectionRecord, Ending } from './connection-record.ts';
import type { Context } from './context.ts';
import { decideRequest, type RequestDecision } from './decide-request.ts';
import { endClient } from './end-client.ts';
import { Http2ClientEnd } from './exchange/http2-client-end.ts';
import { type StreamServer, serveExplicitStream } from './explicit/held-stream.ts';
import { journalAnswer } from './journal/journal-answer.ts';
import { serveLimitedStream } from './limits/limit-request.ts';
import { answerStream } from './own-answer.ts';
import { NO_METHOD } from './request-method.ts';

/** How often a session's own limits and timeouts are looked at while it has streams, and while it has none, in ms. */
const TICK_MS = 1_000;
const IDLE_TICK_MS = 10_000;
/** After this long, kernel keep-alive is switched on, so that a dead client is noticed: streams may be silent for hours. */
const KEEPALIVE_AFTER_MS = 60_000;

export class Http2Connection implements SocketHandler, SessionEvents, SessionOutput, Deferred, StreamServer {
  deferred = false;
  readonly context: Context;
  readonly socket: Socket;
  readonly record: ConnectionRecord;
  /** null: explicit mode, each request names its own. */
  readonly #destination: SockAddr | null;
  readonly #session: Http2Session;
  /** ms of the reactor's clock since when no stream was open; 0 = one is. */
  #idleSince: number;
  #tickedAt: number;
  #draining = false;
  #isKeptAlive = false;
  #closed = false;
  /** The session stopped reading: its output is full. */
  #isBlocked = false;
  /** Reads on in the next turn; made when first needed. */
  #continuation: Deferred | null = null;

  constructor(context: Context, socket: Socket, destination: SockAddr | null, record: ConnectionRecord) {
    this.context = context;
    this.socket = socket;
    this.#destination = destination;
    this.record = record;
    this.#idleSince = context.reactor.now;
    this.#tickedAt = context.reactor.now;
    const { config, memory } = context.exchanges;
    this.#session = new Http2Session('server', config, memory, this, this);
    socket.handler = this;
  }

  get openStreams(): number {
    return this.#session.openStreams;
  }

  /** Begins with bytes that sniffing has already read. */
  start(at: number, length: number): void {
    const { reactor } = this.context;
    this.#session.start(reactor.now);
    reactor.setTimer(this.socket, TICK_MS);
    reactor.resume(this.socket);
    if (length > 0) this.onData(this.socket, at, length);
    if (this.context.draining()) this.drain();
    if (this.socket.readClosed) this.onEnd();
  }

  // === the socket ===

  onData(_socket: Socket, at: number, length: number): void {
    const { now } = this.context.reactor;
    if (now - this.#tickedAt >= TICK_MS) this.#tick(now);
    this.#session.receive(at, length);
    if (this.#session.hasUnread) this.#readLater();
  }

  /** What else the client sends waits in the kernel meanwhile. */
  #readLater(): void {
    const { reactor } = this.context;
    this.#continuation ??= { socket: this.socket, deferred: false, onTurnEnd: () => this.#readOn() };
    reactor.pause(this.socket);
    reactor.atNextTurnEnd(this.#continuation);
  }

  #readOn(): void {
    if (this.#closed) return;
    this.#session.readOn();
    if (this.#closed) return;
    if (this.#session.hasUnread) this.#readLater();
    else if (!this.#isBlocked) this.context.reactor.resume(this.socket);
  }

  /** Nothing can be asked or answered any more without the other direction: a client that is done says GOAWAY, and closes. */
  onEnd(): void {
    this.#end(this.#goodbye, 'the client closed the connection');
  }

  onDrain(): void {
    this.#session.onDrain();
  }

  onError(): void {
    this.#end('reset', 'the client reset the connection');
  }

  onTimeout(): void {
    const { reactor, limits } = this.context;
    this.#tick(reactor.now);
    if (this.#closed) return;
    if (!this.#isKeptAlive && reactor.now - this.record.openedAt >= KEEPALIVE_AFTER_MS) {
      this.#isKeptAlive = true;
      reactor.enableKeepAlive(this.socket);
    }
    const isIdle = this.#idleSince > 0;
    if (isIdle && reactor.now - this.#idleSince >= limits.clientIdleMs) {
      this.#session.shutdown();
      return this.#finish('timeout');
    }
    reactor.setTimer(this.socket, isIdle ? IDLE_TICK_MS : TICK_MS);
  }

  #tick(now: number): void {
    this.#tickedAt = now;
    this.#session.tick(now);
  }

  onConnect(): void {}
  onReadable(): void {}
  onWritable(): void {}

  // === the session ===

  write(at: number, length: number): boolean {
    return this.context.reactor.write(this.socket, at, length);
  }

  requestFlush(): void {
    this.context.reactor.atTurnEnd(this);
  }

  onTurnEnd(): void {
    if (!this.#closed) this.#session.flush();
  }

  setReading(on: boolean): void {
    this.#isBlocked = !on;
    if (on && !this.#session.hasUnread) this.context.reactor.resume(this.socket);
    else this.context.reactor.pause(this.socket);
  }

  onRequest(stream: Http2Stream, head: Http2Head, end: boolean): void {
    const { context, record } = this;
    record.requests++;
    this.#idleSince = 0;
    const destination = this.#destination;
    if (destination === null) return serveExplicitStream(this, stream, head, end);
    if (context.rateLimits.active) return serveLimitedStream(this, stream, head, end, destination);
    this.serve(stream, decideRequest(context, record, destination, head, context.reactor.slab.bytes), head, end);
  }

  serve(stream: Http2Stream, decision: RequestDecision, head: Http2Head, end: boolean): void {
    this.record.service = decision.service;
    if (decision.type === 'forward') new Http2ClientEnd(this, stream, decision, head, end).begin(head);
    else {
      answerStream(this.context, stream, this.record, decision, head, end);
      if (decision.isFinal === true) this.drain();
    }
  }

  onRefused(status: number, sentence: string): void {
    const { record, context } = this;
    record.requests++;
    record.flag = 'DPE';
    record.detail = sentence;
    const { service, side, peerPrincipal } = record;
    const answer = { flag: 'DPE', status, sentence, service, route: '', isHead: false, seconds: 0 } as const;
    journalAnswer(context, record, answer, 'http2');
    const series = context.meter.series(side, service, '', '', '', peerPrincipal ?? '');
    series.countHttp2(status, 'DPE', 0, NO_METHOD, 0, 0);
  }

  onCapacity(): void {}

  /** Streams under way finish; the client closes, or we do once it is idle. */
  onGoaway(): void {
    this.#draining = true;
    if (this.#session.openStreams === 0) this.#finish(this.#goodbye);
  }

  onIdle(): void {
    this.#idleSince = this.context.reactor.now;
    if (this.#draining) this.#finish(this.#goodbye);
  }

  onFatal(_code: number, sentence: string): void {
    this.record.flag = 'DPE';
    this.record.detail = sentence;
    this.#finish('refused');
  }

  // === the end ===

  /** Draining begins: GOAWAY, in two steps so that no request crosses it; streams under way finish. */
  drain(): void {
    if (this.#draining || this.#closed) return;
    this.#draining = true;
    this.#session.shutdown();
  }

  /** How a connection without streams ends. */
  get #goodbye(): Ending {
    return this.context.draining() ? 'drained' : 'closed';
  }

  /** Policies that are in force now deny whatever is asked for here. @param detail for the log */
  forbid(detail: string): void {
    this.record.flag = 'UAEX';
    this.record.detail = detail;
    this.#end('refused', detail);
  }

  refuse(): void {
    this.#end('unreachable', 'the destination could not be reached');
  }

  /** The connection is over at once: every stream's exchange hears of it. */
  #end(ending: Ending, sentence: string): void {
    if (this.#closed) return;
    const told = this.#session.openStreams > 0 && ending !== 'unreachable' ? 'reset' : ending;
    this.#closed = true;
    this.#session.close(sentence);
    endClient(this.context.reactor, this.socket, this.record, told, true);
  }

  /** The connection is over once what waits has been sent. */
  #finish(ending: Ending): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#session.flush();
    this.#session.close('closed');
    endClient(this.context.reactor, this.socket, this.record, ending, true);
  }
}
