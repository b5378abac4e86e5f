/**
 * The client's end of exchanges for a connection of HTTP/1.1: takes the request's body out of its framing and puts the answer's into
 * one. One object for all requests of the connection.
 */
import { LARGE_CHUNK, SlabExhausted } from '../../reactor/slab.ts';
import type { CompiledEdits } from '../codec/http1/header-edits.ts';
import { Http1Head } from '../codec/http1/http1-head.ts';
import { CANCEL } from '../codec/http2/error-codes.ts';
import type { MessageHead } from '../codec/message-head.ts';
import { BodyReader } from '../convert/body-reader.ts';
import { writeChunk, writeTrailers } from '../convert/chunks.ts';
import { type BodyFraming, writeHttp1Response } from '../convert/write-http1.ts';
import type { ClientExchange, ExchangeClient } from '../exchange-client.ts';
import type { OwnAnswer } from '../own-answer.ts';
import type { Forward } from '../request-delivery.ts';
import type { ResponseFlag } from '../response-flags.ts';
import type { Expected } from '../stall-watch.ts';
import type { ClientEnd } from './ends.ts';
import { Exchange } from './exchange.ts';
import { passAnswer, plainFraming } from './plain-heads.ts';

const COMPOSE = 2 * LARGE_CHUNK;
const TOOK_NOTHING = 'the client took nothing of its answer for too long';
const STALLED = 'the client sent nothing of its request for too long';
const UPGRADE = 'the service speaks HTTP/2, into which an upgrade of the protocol is not converted';

export class Http1ClientEnd implements ClientExchange, ClientEnd {
  readonly speaks = 'http1';
  readonly answerBlocked = false;
  pauses = 0;
  readonly #client: ExchangeClient;
  readonly #body: BodyReader;
  #exchange: Exchange | null = null;
  #keepsAlive = true;
  #minor = 1;
  #isHead = false;
  #isConnect = false;
  /** How the answer's body is framed. */
  #framing: BodyFraming = 'none';
  #closes = false;
  /** The endpoint does not take more for now. */
  #held = false;

  constructor(client: ExchangeClient) {
    this.#client = client;
    this.#body = new BodyReader(client.context.chunked, client.context.reactor.slab.bytes, true);
  }

  // === the connection ===

  get active(): boolean {
    return this.#exchange !== null;
  }

  get wantsBody(): boolean {
    return this.#exchange !== null && !this.#body.done;
  }

  get takesBody(): boolean {
    return this.wantsBody && !this.#held;
  }

  begin(decision: Forward, at: number, length: number): number {
    const { context, record, socket } = this.#client;
    const { head } = context.parser;
    this.#reset(head);
    if (head.authorityLength === 0) this.#nameAuthority(head);
    if (!this.#body.start(head.framing, head.contentLength)) throw new SlabExhausted('no decoder left');
    const exchange = new Exchange(context, record, this, decision, head, this.#body.done);
    this.#exchange = exchange;
    context.reactor.clearTimer(socket);
    if (head.upgrade) {
      exchange.fail('DPE', 501, UPGRADE);
      return 0;
    }
    exchange.begin(head);
    return this.wantsBody && length > 0 ? this.onRequestBody(at, length) : 0;
  }

  /** HTTP/1.0 without Host: HTTP/2 wants a name, and the dialled address is the one there is. */
  #nameAuthority(head: Http1Head): void {
    const { slab } = this.#client.context.reactor;
    const at = slab.composeArea + COMPOSE;
    head.authorityAt = at;
    head.authorityLength = slab.bytes.write(String(this.#client.record.destination ?? ''), at, 'latin1');
  }

  #reset(head: Http1Head): void {
    this.#keepsAlive = head.keepAlive;
    this.#minor = head.versionMinor;
    this.#isHead = head.isHead;
    this.#isConnect = head.isConnect;
    this.#framing = 'none';
    this.#closes = false;
    this.#held = false;
  }

  onRequestBody(at: number, length: number): number {
    const { slab } = this.#client.context.reactor;
    const { own } = this.#client.context.exchanges;
    const body = this.#body;
    let used = 0;
    while (used < length && !body.done) {
      const exchange = this.#exchange;
      if (exchange === null) return length;
      if (!body.read(at + used, length - used, slab.composeArea)) {
        exchange.fail('DPE', 400, body.refusal);
        return length;
      }
      used += body.consumed;
      const ends = body.done && !body.hasTrailers;
      if (body.dataLength > 0 || ends) exchange.onRequestData(body.dataAt, body.dataLength, ends);
      if (!body.done || !body.hasTrailers) continue;
      body.readTrailers(own, exchange.keepsTrailerCase);
      exchange.onRequestTrailers(own);
    }
    return used;
  }

  onClientEnd(): void {
    if (!this.#body.done) {
      this.abandon('DC');
      return this.#client.finish('reset');
    }
    this.#closes = true;
  }

  onClientDrain(): void {
    this.#exchange?.onClientWritable();
  }

  onRequestTimeout(): void {}

  stalled(expected: Expected): void {
    if (expected === 'send') this.#exchange?.fail('SI', 408, STALLED);
    else this.#over()?.onClientLost(CANCEL, 'SI', TOOK_NOTHING);
  }

  abandon(flag: ResponseFlag): void {
    this.#over()?.onClientLost(CANCEL, flag);
  }

  overload(): void {
    this.#closes = true;
    this.#exchange?.overload(new SlabExhausted('no buffer left'));
  }

  // === the exchange ===

  sendHead(head: MessageHead, edits: CompiledEdits | null, end: boolean): boolean {
    const { reactor } = this.#client.context;
    const { slab } = reactor;
    const isInterim = head.status < 200;
    // HTTP/1.0 clients would take it for the answer (RFC 9110 15.2).
    if (isInterim && this.#minor === 0) return true;
    this.#framing = isInterim ? 'none' : this.#answerFraming(head, end);
    if (!isInterim) this.#decideClose();
    const isPlain = head instanceof Http1Head;
    const isOld = this.#minor === 0 || (isPlain && head.versionMinor === 0);
    const connection = isInterim ? 'none' : this.#closes ? 'close' : isOld ? 'keep-alive' : 'none';
    const n = isPlain
      ? passAnswer(slab.bytes, head, slab.composeArea, COMPOSE, edits, connection)
      : writeHttp1Response(slab.bytes, head, slab.composeArea, COMPOSE, edits, this.#framing, connection);
    if (n > 0) reactor.write(this.#client.socket, slab.composeArea, n);
    return n > 0;
  }

  #answerFraming(head: MessageHead, end: boolean): BodyFraming {
    if (head instanceof Http1Head) return plainFraming(head);
    if (this.#isHead || head.status === 204 || head.status === 304) return 'none';
    if (head.contentLength >= 0) return 'length';
    if (end) return 'empty';
    return this.#minor === 0 ? 'until-close' : 'chunked';
  }

  #decideClose(): void {
    const { clientEnded, context } = this.#client;
    if (!this.#body.done || this.#framing === 'until-close' || !this.#keepsAlive || clientEnded || context.draining())
      this.#closes = true;
  }

  sendData(at: number, length: number, end: boolean): boolean {
    const { reactor } = this.#client.context;
    if (this.#framing === 'none') return true;
    if (this.#framing !== 'chunked') return reactor.write(this.#client.socket, at, length);
    const { slab } = reactor;
    const n = writeChunk(slab.bytes, at, length, end, slab.composeArea);
    return reactor.write(this.#client.socket, slab.composeArea, n);
  }

  sendTrailers(head: MessageHead): void {
    if (this.#framing !== 'chunked') return;
    const { reactor } = this.#client.context;
    const at = reactor.slab.composeArea + COMPOSE;
    reactor.write(this.#client.socket, at, writeTrailers(reactor.slab.bytes, head, at));
  }

  consumed(): void {
    if (!this.#held) return;
    this.#held = false;
    // What is pipelined behind the body waits for its turn.
    if (this.wantsBody) this.#client.context.reactor.resume(this.#client.socket);
  }

  hold(): void {
    if (this.#held) return;
    this.#held = true;
    this.pauses++;
    this.#client.context.reactor.pause(this.#client.socket);
  }

  answer(answer: OwnAnswer): void {
    const client = this.#client;
    const stillSending = !this.#body.done || this.#isConnect || this.#closes;
    const close = stillSending || !this.#keepsAlive || client.clientEnded || client.context.draining();
    this.#over();
    client.answer({ ...answer, close });
    if (close) client.finish('closed', stillSending);
    else client.advance();
  }

  endGrpc(_flag: ResponseFlag, _sentence: string): void {
    this.cut();
  }

  cut(): void {
    this.#over();
    this.#client.finish('reset');
  }

  refuse(): void {
    this.#over();
    this.#client.finish('unreachable');
  }

  complete(): void {
    const early = !this.#body.done;
    this.#over();
    if (early || this.#closes) this.#client.finish('closed', early);
    else this.#client.advance();
  }

  #over(): Exchange | null {
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#body.end();
    return exchange;
  }
}
