/**
 * One captured HTTP/1.1 connection: reads requests one at a time, each an exchange of its own (routed, balanced and retried
 * alone), and writes the answers back in order. Framing is written by the codec alone.
 */
import { LARGE_CHUNK, SlabExhausted } from '../reactor/slab.ts';
import type { Socket, SocketHandler } from '../reactor/socket.ts';
import type { SockAddr } from '../reactor/socket-address.ts';
import type { ConnectionRecord, Ending } from './connection-record.ts';
import type { Context } from './context.ts';
import { decideRequest, type RequestDecision } from './decide-request.ts';
import type { ExchangeClient } from './exchange-client.ts';
import { Http1Exchange } from './http1-exchange.ts';
import { answerOf, type OwnAnswer, sendOwnAnswer } from './own-answer.ts';
import type { ResponseFlag } from './response-flags.ts';
import { SlabStash } from './slab-stash.ts';

/**
 * Idle time after which a draining agent says goodbye. A client that is in the middle of using its connection sends within
 * this time; closing at once would cross its next request on the wire.
 */
const DRAIN_IDLE_MS = 2_000;

const TOO_LARGE = 'the request head is larger than 64 KiB';

export class Http1Connection implements SocketHandler, ExchangeClient {
  readonly context: Context;
  readonly socket: Socket;
  readonly record: ConnectionRecord;
  readonly #destination: SockAddr;
  readonly #exchange: Http1Exchange;
  /** Bytes of the client not yet used: an incomplete head, or pipelined requests. */
  readonly #stash: SlabStash;
  /** Bytes of the stash that an earlier parse found incomplete. */
  #seen = 0;
  clientEnded = false;
  #closed = false;
  /** Client bytes are being taken in, or requests begun: nothing else may begin one meanwhile. */
  #busy = false;

  constructor(context: Context, socket: Socket, destination: SockAddr, record: ConnectionRecord) {
    this.context = context;
    this.socket = socket;
    this.#destination = destination;
    this.record = record;
    this.#exchange = new Http1Exchange(this);
    this.#stash = new SlabStash(context.reactor.slab);
    socket.handler = this;
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
    if (this.#exchange.active) this.#exchange.onClientEnd();
    else if (!this.#closed) this.finish('closed');
  }

  onDrain(): void {
    if (this.#exchange.active) this.#exchange.onClientDrain();
    else this.advance();
  }

  onError(): void {
    if (this.#exchange.active) this.#exchange.abandon('DC');
    this.finish('reset');
  }

  onTimeout(): void {
    if (this.#exchange.active) return this.#exchange.onRequestTimeout();
    if (this.#stash.length === 0) return this.finish(this.context.draining() ? 'drained' : 'timeout');
    this.#refuse('SI', 408, 'the request head was not complete in time', 'timeout');
  }

  onConnect(): void {}
  onReadable(): void {}
  onWritable(): void {}

  /**
   * Goes on with what the client has already sent, once the exchange before it is complete and its answer is out: a client
   * that pipelines and does not read holds one answer in our memory, not thousands.
   */
  advance(): void {
    if (this.#busy) return;
    this.#busy = true;
    const began = !this.#exchange.active && this.#stash.length > this.#seen;
    try {
      while (!this.#closed && this.#isReady() && this.#stash.length > this.#seen) {
        this.#readRequest(this.#stash.at, this.#stash.length, this.#seen);
      }
    } catch (error) {
      this.#overloaded(error);
    }
    this.#busy = false;
    if (this.#closed) return;
    if (!this.#exchange.active) this.#waitForRequest();
    // Pipelined bytes stopped the reading; the rest of this request's body is still to come.
    else if (began && this.#exchange.takesBody) this.context.reactor.resume(this.socket);
  }

  /** The next request may begin: none is under way, and every answer has left our memory. */
  #isReady(): boolean {
    return !this.#exchange.active && this.socket.pending === null;
  }

  #waitForRequest(): void {
    // Requests wait for the client to read: `onDrain` goes on.
    if (this.#stash.length > this.#seen) return;
    if (this.clientEnded) return this.finish('closed');
    if (this.#stash.length === 0) this.#awaitNext();
    this.context.reactor.resume(this.socket);
  }

  /** Starts the time that a kept-alive client may stay idle; while draining that is short. */
  #awaitNext(): void {
    const { reactor, limits, draining } = this.context;
    reactor.setTimer(this.socket, draining() ? DRAIN_IDLE_MS : limits.clientIdleMs);
  }

  /** Gives the client's bytes their place: the body under way, the request that they begin or complete, or the stash. */
  #take(at: number, length: number): void {
    const stash = this.#stash;
    if (this.#exchange.wantsBody) {
      const used = this.#exchange.onRequestBody(at, length);
      if (used < length && !this.#closed) this.#keep(at + used, length - used);
    } else if (!this.#isReady()) this.#keep(at, length);
    else if (stash.length === 0) this.#readRequest(at, length, 0);
    else {
      // A head begun earlier. Only as much as fits; a head that is complete then makes room for the rest.
      const fits = Math.min(length, LARGE_CHUNK - stash.length);
      stash.append(at, fits);
      if (fits === length) return;
      this.#readRequest(stash.at, stash.length, this.#seen);
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
    if (headLength === 0) return this.#awaitHead(at, length, seen, inStash);
    this.#seen = 0;
    const used = headLength + this.#begin(at + headLength, length - headLength);
    if (this.#closed) return;
    if (inStash) this.#stash.consume(used);
    else if (used < length) this.#keep(at + used, length - used);
  }

  #awaitHead(at: number, length: number, seen: number, inStash: boolean): void {
    if (!inStash) this.#stash.append(at, length);
    if (this.#stash.length === LARGE_CHUNK) return this.#refuse('DPE', 431, TOO_LARGE, 'refused');
    this.#seen = this.#stash.length;
    if (seen === 0) this.context.reactor.setTimer(this.socket, this.context.limits.headTimeoutMs);
  }

  /** Decides on the request whose head was just parsed and starts it. Returns body bytes used of those at `at`. */
  #begin(at: number, length: number): number {
    const { context, record } = this;
    const { head } = context.parser;
    record.requests++;
    const decision = decideRequest(context, record, this.#destination, head, context.reactor.slab.bytes);
    record.service = decision.service;
    if (decision.type === 'forward') return this.#exchange.begin(decision, at, length);
    this.#answerDecision(decision);
    return 0;
  }

  #answerDecision(decision: Extract<RequestDecision, { type: 'answer' }>): void {
    const answer = answerOf(decision, this.context.parser.head, this.context.draining());
    this.answer(answer);
    if (answer.close) this.finish('closed', answer.stillSending);
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
    if (this.#exchange.active) this.#exchange.overload();
    else this.#refuse('UO', 503, 'the proxy is out of buffers', 'refused');
  }

  /** Ends the connection: FIN after what was written, or RST when the peer must not take a cut answer for a whole one. */
  finish(ending: Ending, stillSending = ending !== 'closed'): void {
    if (this.#closed) return;
    this.#closed = true;
    const { reactor } = this.context;
    const { socket, record } = this;
    const gently = stillSending || this.#stash.length > 0;
    const cut = ending === 'reset' || ending === 'unreachable';
    this.#stash.clear();
    record.bytesFromClient = socket.bytesRead;
    record.bytesToClient = socket.bytesWritten + (cut ? 0 : socket.pendingBytes);
    if (cut) reactor.reset(socket);
    else if (gently) reactor.closeGently(socket);
    else reactor.close(socket);
    record.close(ending);
  }

  /** Draining begins: a client between two requests gets a moment to send one (answered with `Connection: close`). */
  drain(): void {
    if (!this.#exchange.active && this.#stash.length === 0) this.#awaitNext();
  }

  handOver(deliver: (at: number, length: number) => void): void {
    this.#closed = true;
    if (this.#stash.length > 0) deliver(this.#stash.at, this.#stash.length);
    this.#stash.clear();
  }
}
