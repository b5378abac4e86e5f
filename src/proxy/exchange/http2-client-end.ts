/** The client's end of an exchange over HTTP/2: one stream of its connection. */
import { SMALL_CHUNK } from '../../reactor/slab.ts';
import type { CompiledEdits } from '../codec/http1/header-edits.ts';
import { NO_ERROR } from '../codec/http2/error-codes.ts';
import type { Http2HeadPlan } from '../codec/http2/hpack-encoder.ts';
import type { Http2Head } from '../codec/http2/http2-head.ts';
import type { Http2Stream, StreamUser } from '../codec/http2/http2-stream.ts';
import { TOO_SLOW } from '../codec/http2/stream-sender.ts';
import type { MessageHead } from '../codec/message-head.ts';
import type { ConnectionRecord } from '../connection-record.ts';
import type { Context } from '../context.ts';
import { grpcFields, type OwnAnswer, sendHttp2Answer } from '../own-answer.ts';
import type { Forward } from '../request-delivery.ts';
import type { ResponseFlag } from '../response-flags.ts';
import type { ClientEnd } from './ends.ts';
import { Exchange } from './exchange.ts';

/** Reused: a plan is read while the head is written, and not kept. */
const plan: { -readonly [K in keyof Http2HeadPlan]: Http2HeadPlan[K] } = {
  edits: null,
  insert: [],
  scheme: 'received',
};

/** The connection that the stream belongs to. */
export interface StreamConnectionOwner {
  readonly context: Context;
  readonly record: ConnectionRecord;
  /** Nobody listens where the program dialled: the connection ends as it would without us. */
  refuse(): void;
}

export class Http2ClientEnd implements ClientEnd, StreamUser {
  readonly speaks = 'http2';
  readonly #owner: StreamConnectionOwner;
  readonly #stream: Http2Stream;
  readonly #exchange: Exchange;
  /** `sendData` returned false and all has not left yet. */
  #isBehind = false;
  /** >= 0: the stream ends with that code once the answer is out. */
  #resetWhenOut = -1;

  constructor(owner: StreamConnectionOwner, stream: Http2Stream, decision: Forward, head: Http2Head, end: boolean) {
    this.#owner = owner;
    this.#stream = stream;
    stream.user = this;
    this.#exchange = new Exchange(owner.context, owner.record, this, decision, head, end);
  }

  /** Begins the exchange. */
  begin(head: Http2Head): void {
    this.#exchange.begin(head);
  }

  // === the stream ===

  onHead(): void {}

  onData(at: number, length: number, end: boolean): void {
    // The answer is complete and the rest of the request unwanted: its credit is not given back.
    this.#exchange.onRequestData(at, length, end);
  }

  onTrailers(head: Http2Head): void {
    this.#exchange.onRequestTrailers(head);
  }

  onReset(code: number, _unprocessed: boolean, sentence: string): void {
    this.#exchange.onClientLost(code, sentence.startsWith(TOO_SLOW) ? 'UO' : 'DC', sentence);
  }

  onWritable(): void {
    this.#isBehind = false;
    if (this.#resetWhenOut >= 0) this.#stream.reset(this.#resetWhenOut);
    else this.#exchange.onClientWritable();
  }

  // === the exchange ===

  sendHead(head: MessageHead, edits: CompiledEdits | null, end: boolean): boolean {
    plan.edits = edits;
    return this.#stream.sendHead(head, plan, end);
  }

  sendData(at: number, length: number, end: boolean): boolean {
    const taken = this.#stream.sendData(at, length, end);
    if (!taken) this.#isBehind = true;
    return taken;
  }

  sendTrailers(head: MessageHead): void {
    this.#stream.sendTrailers(head);
  }

  consumed(length: number): void {
    this.#stream.consumed(length);
  }

  hold(): void {}

  answer(answer: OwnAnswer, isGrpc: boolean): void {
    const { context, record } = this.#owner;
    sendHttp2Answer(context, this.#stream, record, answer, isGrpc);
    this.#giveUpRequest(NO_ERROR);
  }

  endGrpc(flag: ResponseFlag, sentence: string): void {
    const { exchanges, reactor } = this.#owner.context;
    const { own } = exchanges;
    own.begin(0, reactor.slab.composeArea);
    for (const [name, value] of grpcFields(flag, sentence.slice(0, SMALL_CHUNK))) own.add(name, value);
    this.#stream.sendTrailers(own);
    this.#giveUpRequest(NO_ERROR);
  }

  cut(code: number): void {
    this.#stream.reset(code);
  }

  refuse(): void {
    this.#owner.refuse();
  }

  complete(code: number): void {
    this.#giveUpRequest(code);
  }

  /** The answer is complete; a request that is not will get no further. */
  #giveUpRequest(code: number): void {
    if (this.#stream.remoteEnded) return;
    if (this.#isBehind) this.#resetWhenOut = code;
    else this.#stream.reset(code);
  }
}
