/** One captured HTTP/1.1 connection: requests one at a time, each an exchange of its own, routed, balanced and retried alone. */
import { ENOBUFS } from '../reactor/errno.ts';
import { LARGE_CHUNK, SlabExhausted } from '../reactor/slab.ts';
import type { Socket, SocketHandler } from '../reactor/socket.ts';
import type { SockAddr } from '../reactor/socket-address.ts';
import { ClientWatch } from './client-watch.ts';
import type { ConnectionRecord, Ending } from './connection-record.ts';
import type { Context } from './context.ts';
import type { RequestDecision } from './decide-request.ts';
import { endClient } from './end-client.ts';
import type { ExchangeClient } from './exchange-client.ts';
import { answerOf, type OwnAnswer, sendOwnAnswer } from './own-answer.ts';
import { RequestDesk } from './request-desk.ts';
import type { ResponseFlag } from './response-flags.ts';
import { UnreadBytes } from './unread-bytes.ts';

/** Idle time before a draining agent says goodbye: closing at once would cross the next request of a busy client on the wire. */
const DRAIN_IDLE_MS = 2_000;

const TOO_LARGE = 'the request head is larger than 64 KiB';

export class Http1Connection implements SocketHandler, ExchangeClient {
  readonly context: Context;
  readonly socket: Socket;
  readonly record: ConnectionRecord;
  readonly #desk: RequestDesk;
  /** Bytes of the client not yet used: an incomplete head, or pipelined requests. */
  readonly #stash: UnreadBytes;
  readonly #watch: ClientWatch;
  clientEnded = false;
  #closed = false;
  /** Client bytes are being taken in, or requests begun: nothing else may begin one meanwhile. */
  #busy = false;

  constructor(context: Context, socket: Socket, destination: SockAddr | null, record: ConnectionRecord) {
    this.context = context;
    this.socket = socket;
    this.record = record;
    this.#desk = new RequestDesk(this, destination, () => this.#lookedUp());
    this.#stash = new UnreadBytes(context.reactor.slab);
    socket.handler = this;
    this.#watch = new ClientWatch(this, this.#desk);
    context.janitor.add(this.#watch);
  }

  /** Begins with bytes that sniffing has already read. */
  start(at: number, length: number): void {
    this.#awaitNext();
    this.context.reactor.resume(this.socket);
    if (length > 0) this.onData(this.socket, at, length);
    if (this.socket.readClosed) this.onEnd();
  }

  onData(_socket: Socket, at: number, length: number): void {
    this.#busy = true;
    try {
      this.#take(at, length);
    } catch (error) {
      this.#overloaded(error);
    }
    this.#busy = false;
    this.advance();
  }

  onEnd(): void {
    this.clientEnded = true;
    if (this.#desk.current.active) this.#desk.current.onClientEnd();
    else if (!this.#closed && !this.#desk.isWaiting) this.finish('closed');
  }

  onDrain(): void {
    if (this.#desk.current.active) this.#desk.current.onClientDrain();
    else this.advance();
  }

  onError(_socket: Socket, errno: number): void {
    if (this.#desk.current.active) this.#desk.current.abandon(errno === ENOBUFS ? 'UO' : 'DC');
    this.finish('reset');
  }

  onTimeout(): void {
    if (this.#desk.current.active) return this.#desk.current.onRequestTimeout();
    const isLast = this.clientEnded || this.context.draining();
    if (this.#stash.length === 0) return this.finish(isLast ? 'drained' : 'timeout');
    this.#refuse('SI', 408, 'the request head was not complete in time', 'timeout');
  }

  onConnect(): void {}
  onReadable(): void {}
  onWritable(): void {}

  /** Goes on with what the client has already sent, once the answer before it is out: a client that does not read holds one in memory. */
  advance(): void {
    if (this.#busy) return;
    this.#busy = true;
    const began = !this.#desk.current.active && this.#stash.hasNew;
    try {
      while (!this.#closed && this.#isReady() && this.#stash.hasNew) {
        this.#readRequest(this.#stash.at, this.#stash.length, this.#stash.seen);
      }
    } catch (error) {
      this.#overloaded(error);
    }
    this.#busy = false;
    if (this.#closed || this.#desk.isWaiting) return;
    if (!this.#desk.current.active) this.#waitForRequest();
    // Pipelined bytes stopped the reading; the rest of this request's body is still to come.
    else if (began && this.#desk.current.takesBody) this.context.reactor.resume(this.socket);
  }

  /** The next request may begin: none is under way, and every answer has left our memory. */
  #isReady(): boolean {
    return !this.#desk.current.active && this.socket.pending === null && !this.#desk.isWaiting;
  }

  #waitForRequest(): void {
    // Requests wait for the client to read: `onDrain` goes on.
    if (this.#stash.hasNew) return;
    if (this.clientEnded) return this.finish('closed');
    if (this.#stash.length === 0) this.#awaitNext();
    this.context.reactor.resume(this.socket);
  }

  /** Starts the time that a kept-alive client may stay idle; while draining that is short. */
  #awaitNext(): void {
    const { reactor, limits, draining } = this.context;
    reactor.setTimer(this.socket, draining() || this.clientEnded ? DRAIN_IDLE_MS : limits.clientIdleMs);
  }

  /** Gives the client's bytes their place: the body under way, the request that they begin or complete, or the stash. */
  #take(at: number, length: number): void {
    const stash = this.#stash;
    if (this.#desk.current.wantsBody) {
      const used = this.#desk.current.onRequestBody(at, length);
      if (used < length && !this.#closed) this.#keep(at + used, length - used);
    } else if (!this.#isReady()) this.#keep(at, length);
    else if (stash.length === 0) this.#readRequest(at, length, 0);
    else {
      // A head begun earlier. Only as much as fits; a head that is complete then makes room for the rest.
      const fits = Math.min(length, LARGE_CHUNK - stash.length);
      stash.append(at, fits);
      if (fits === length) return;
      this.#readRequest(stash.at, stash.length, this.#stash.seen);
      if (!this.#closed) this.#take(at + fits, length - fits);
    }
  }

  /** Reads one request from the bytes at `at`; what is left over stays in the stash. */
  #readRequest(at: number, length: number, seen: number): void {
    const { parser } = this.context;
    const inStash = this.#stash.length > 0;
    const headLength = parser.parseRequest(at, length, seen);
    if (headLength < 0) {
      const { refusal } = parser.head;
      return this.#refuse('DPE', refusal?.status ?? 400, refusal?.sentence ?? 'the request is malformed', 'refused');
    }
    if (headLength === 0) return this.#awaitHead(at, length, seen);
    const decision = this.#desk.decide();
    if (decision === null) {
      this.context.reactor.clearTimer(this.socket);
      return this.#stash.setAside(at, length);
    }
    this.#stash.seen = 0;
    const used = headLength + this.#begin(decision, at + headLength, length - headLength);
    if (this.#closed) return;
    if (inStash) this.#stash.consume(used);
    else if (used < length) this.#keep(at + used, length - used);
  }

  #awaitHead(at: number, length: number, seen: number): void {
    this.#stash.setAside(at, length);
    if (this.#stash.length === LARGE_CHUNK) return this.#refuse('DPE', 431, TOO_LARGE, 'refused');
    if (seen === 0) this.context.reactor.setTimer(this.socket, this.context.limits.headTimeoutMs);
  }

  #lookedUp(): void {
    if (this.#closed) return;
    this.#stash.seen = 0;
    this.advance();
    if (this.socket.readClosed && this.#desk.current.active) this.#desk.current.onClientEnd();
  }

  /** Starts a request. Returns body bytes used of those at `at`. */
  #begin(decision: RequestDecision, at: number, length: number): number {
    this.#desk.settle();
    this.record.requests++;
    this.record.service = decision.service;
    if (decision.type === 'forward') return this.#desk.exchangeFor(decision).begin(decision, at, length);
    const answer = answerOf(decision, this.context.parser.head, this.context.draining());
    this.answer(answer);
    if (answer.close) this.finish('closed', answer.stillSending);
    return 0;
  }

  /** Answers a request that never became an exchange, and closes. */
  #refuse(flag: ResponseFlag, status: number, sentence: string, ending: Ending): void {
    const { service } = this.record;
    this.answer({ flag, status, sentence, close: true, service, route: '', isHead: false, seconds: 0 });
    this.finish(ending);
  }

  /** Keeps pipelined bytes and stops reading until their turn comes. */
  #keep(at: number, length: number): void {
    if (!this.#stash.append(at, length)) return this.#refuse('DPE', 431, TOO_LARGE, 'refused');
    if (!this.#isReady()) this.context.reactor.pause(this.socket);
  }

  answer(answer: OwnAnswer): void {
    sendOwnAnswer(this.context, this.socket, this.record, answer);
  }

  /** Not enough memory for this request: the client is told if nothing was sent yet. @throws any other error */
  #overloaded(error: unknown): void {
    this.#busy = false;
    if (!(error instanceof SlabExhausted)) throw error;
    if (this.#closed) return;
    if (this.#desk.current.active) this.#desk.current.overload();
    else this.#refuse('UO', 503, 'the proxy is out of buffers', 'refused');
  }

  /** Ends the connection: FIN after what was written, or RST when the peer must not take a cut answer for a whole one. */
  finish(ending: Ending, stillSending = ending !== 'closed'): void {
    if (this.#closed) return;
    this.#closed = true;
    this.context.janitor.remove(this.#watch);
    const gently = stillSending || this.#stash.length > 0;
    this.#stash.clear();
    endClient(this.context.reactor, this.socket, this.record, ending, gently);
  }

  /** A client between two requests gets a moment to send one (answered with `Connection: close`). */
  drain(): void {
    if (!this.#desk.current.active && this.#stash.length === 0) this.#awaitNext();
  }

  /** Policies that are in force now deny whatever is asked for here. @param detail for the log */
  forbid(detail: string): void {
    const isActive = this.#desk.current.active;
    if (isActive) this.#desk.current.abandon('UAEX');
    Object.assign(this.record, { flag: 'UAEX', detail });
    this.finish(isActive ? 'reset' : 'refused', true);
  }

  handOver(deliver: (at: number, length: number) => void): void {
    this.#closed = true;
    this.context.janitor.remove(this.#watch);
    if (this.#stash.length > 0) deliver(this.#stash.at, this.#stash.length);
    this.#stash.clear();
  }
}
