/**
 * One captured HTTP/1.1 connection: reads requests one at a time, each an exchange of its own (routed, balanced and retried
 * alone), and writes the answers back in order. Framing is written by the codec alone.
 */
import { SlabExhausted } from '../reactor/slab.ts';
import type { Socket, SocketHandler } from '../reactor/socket.ts';
import type { SockAddr } from '../reactor/socket-address.ts';
import { writeErrorAnswer } from './codec/http1/respond-head.ts';
import type { ConnectionRecord, Ending } from './connection-record.ts';
import type { Context } from './context.ts';
import { decideRequest } from './decide-request.ts';
import { Http1Exchange } from './http1-exchange.ts';
import { RESPONSE_FLAGS, type ResponseFlag } from './response-flags.ts';
import { SlabStash } from './slab-stash.ts';

/**
 * Idle time after which a draining agent says goodbye. A client that is in the middle of using its connection sends within
 * this time; closing at once would cross its next request on the wire.
 */
const DRAIN_IDLE_MS = 2_000;

export class Http1Connection implements SocketHandler {
  readonly context: Context;
  readonly socket: Socket;
  readonly record: ConnectionRecord;
  readonly destination: SockAddr;
  readonly #exchange: Http1Exchange;
  /** Bytes of the client not yet used: an incomplete head, or pipelined requests. */
  readonly #stash: SlabStash;
  /** Bytes of the stash that an earlier parse found incomplete. */
  #seen = 0;
  /** The client sent FIN. */
  clientEnded = false;
  #closed = false;
  #advancing = false;

  constructor(context: Context, socket: Socket, destination: SockAddr, record: ConnectionRecord) {
    this.context = context;
    this.socket = socket;
    this.destination = destination;
    this.record = record;
    this.#exchange = new Http1Exchange(this);
    this.#stash = new SlabStash(context.reactor.slab);
    socket.handler = this;
  }

  /** Begins with bytes that sniffing has already read. */
  start(at: number, length: number): void {
    this.waitForNext();
    if (length > 0) this.onData(this.socket, at, length);
    if (this.socket.readClosed) this.onEnd();
    if (!this.#closed) this.context.reactor.resume(this.socket);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  // === from the client ===

  onData(_socket: Socket, at: number, length: number): void {
    try {
      if (this.#exchange.wantsBody) {
        const used = this.#exchange.onRequestBody(at, length);
        if (used < length) this.#keep(at + used, length - used);
      } else if (this.#exchange.active || this.#stash.length > 0) this.#keep(at, length);
      else this.#readRequest(at, length, 0);
      this.advance();
    } catch (error) {
      if (!(error instanceof SlabExhausted)) throw error;
      this.overloaded();
    }
  }

  onEnd(): void {
    this.clientEnded = true;
    if (this.#exchange.active) this.#exchange.onClientEnd();
    else if (!this.#closed) this.finish('closed');
  }

  onDrain(): void {
    this.#exchange.onClientDrain();
  }

  onError(): void {
    if (this.#exchange.active) this.#exchange.abandon('DC');
    this.finish('reset');
  }

  onTimeout(): void {
    if (this.#exchange.active) return this.#exchange.onRequestTimeout();
    if (this.#stash.length === 0) return this.finish(this.context.draining() ? 'drained' : 'timeout');
    this.answer('SI', 408, 'the request head was not complete in time', true, '', '');
    this.finish('timeout');
  }

  onConnect(): void {}
  onReadable(): void {}
  onWritable(): void {}

  // === requests ===

  /** Goes on with what the client has already sent, once the exchange before it is complete. */
  advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    while (!this.#closed && !this.#exchange.active && this.#stash.length > this.#seen) {
      const { at, length } = this.#stash;
      const used = this.#readRequest(at, length, this.#seen);
      if (used === 0) break;
    }
    this.#advancing = false;
    if (this.#closed || this.#exchange.active) return;
    if (this.clientEnded) return this.finish('closed');
    this.context.reactor.resume(this.socket);
  }

  /** Reads one request from bytes at `at`; what is left over stays in the stash. Returns bytes used. */
  #readRequest(at: number, length: number, seen: number): number {
    const { parser, reactor, limits } = this.context;
    const headLength = parser.parseRequest(at, length, seen);
    if (headLength < 0) {
      this.#refuse();
      return 0;
    }
    const inStash = this.#stash.length > 0;
    if (headLength === 0) {
      if (!inStash && !this.#stash.append(at, length)) this.#tooLarge();
      if (this.#stash.length === 65_536) this.#tooLarge();
      this.#seen = this.#stash.length;
      if (seen === 0) reactor.setTimer(this.socket, limits.headTimeoutMs);
      return 0;
    }
    this.#seen = 0;
    const used = headLength + this.#begin(at + headLength, length - headLength);
    if (inStash) this.#stash.consume(Math.min(used, this.#stash.length));
    else if (used < length && !this.#closed) this.#keep(at + used, length - used);
    return used;
  }

  /** Decides on the request whose head was just parsed and starts it. Returns body bytes used of those at `at`. */
  #begin(at: number, length: number): number {
    const { context, record } = this;
    const { head } = context.parser;
    record.requests++;
    const decision = decideRequest(context, record, this.destination, head, context.reactor.slab.bytes);
    record.service = decision.service;
    if (decision.type === 'forward') return this.#exchange.begin(decision, at, length);
    const hasBody = head.framing !== 0;
    const close = hasBody || !head.keepAlive || context.draining();
    this.answer(
      decision.flag,
      RESPONSE_FLAGS[decision.flag].status,
      decision.sentence,
      close,
      decision.service,
      decision.route,
      head.isHead,
    );
    if (close) this.finish('closed', hasBody);
    return 0;
  }

  #refuse(): void {
    const { refusal } = this.context.parser.head;
    this.answer(
      'DPE',
      refusal?.status ?? 400,
      refusal?.sentence ?? 'the request is malformed',
      true,
      this.record.service,
      '',
    );
    this.finish('refused');
  }

  #tooLarge(): void {
    this.answer('DPE', 431, 'the request head is larger than 64 KiB', true, this.record.service, '');
    this.finish('refused');
  }

  /** Keeps pipelined bytes and stops reading until their turn comes. */
  #keep(at: number, length: number): void {
    if (!this.#stash.append(at, length)) return this.#tooLarge();
    if (this.#exchange.active) this.context.reactor.pause(this.socket);
  }

  // === answers of our own and the end ===

  /** Writes an answer that the proxy itself gives and counts it. */
  answer(
    flag: ResponseFlag,
    status: number,
    sentence: string,
    close: boolean,
    service: string,
    route: string,
    isHead = false,
  ): void {
    const { context, record } = this;
    const { slab } = context.reactor;
    record.flag = flag;
    record.detail = sentence;
    const id = `${record.openedAt.toString(36).replace('.', '')}-${record.requests}`;
    const n = writeErrorAnswer(slab.bytes, slab.composeArea, 65_536, {
      status,
      flag,
      connectionId: id,
      sentence,
      close,
      toHead: isHead,
      insert: '',
    });
    if (n > 0) context.reactor.write(this.socket, slab.composeArea, n);
    context.meter.series(record.side, service, route, '').count(status, flag, 0);
  }

  /** Not enough memory for this request: the client is told if nothing was sent yet. */
  overloaded(): void {
    if (this.#closed) return;
    if (!this.#exchange.answering) this.answer('UO', 503, 'the proxy is out of buffers', true, this.record.service, '');
    if (this.#exchange.active) this.#exchange.abandon('UO');
    this.finish('refused');
  }

  /**
   * Ends the connection: FIN after what was written, or RST when the peer must not take a cut answer for a whole one.
   * @param stillSending the client may be in the middle of a body that nobody wants any more
   */
  finish(ending: Ending, stillSending = ending !== 'closed'): void {
    if (this.#closed) return;
    this.#closed = true;
    const { reactor } = this.context;
    const { socket, record } = this;
    const gently = stillSending || this.#stash.length > 0;
    this.#stash.clear();
    record.bytesFromClient = socket.bytesRead;
    record.bytesToClient = socket.bytesWritten + socket.pendingBytes;
    if (ending === 'reset' || ending === 'unreachable') reactor.reset(socket);
    else if (gently) reactor.closeGently(socket);
    else reactor.close(socket);
    record.close(ending);
  }

  /** Starts the time that a kept-alive client may stay idle; while draining that is short. */
  waitForNext(): void {
    const { reactor, limits, draining } = this.context;
    reactor.setTimer(this.socket, draining() ? DRAIN_IDLE_MS : limits.clientIdleMs);
  }

  /** Draining begins: a client between two requests gets a moment to send one (answered with `Connection: close`). */
  drain(): void {
    if (!this.#exchange.active && this.#stash.length === 0) this.waitForNext();
  }

  /** Gives the client socket to a tunnel, with whatever the client has already sent. Returns those bytes' place. */
  handOver(deliver: (at: number, length: number) => void): void {
    this.#closed = true;
    if (this.#stash.length > 0) deliver(this.#stash.at, this.#stash.length);
    this.#stash.clear();
  }
}
