/**
 * One request with its response where at least one side is HTTP/2: decided, delivered and answered by itself, whatever other
 * streams share its connections. It passes heads, bytes, trailers, resets and credit between its two ends.
 */
import { SlabExhausted } from '../../reactor/slab.ts';
import type { Timed } from '../../reactor/timer-wheel.ts';
import { CANCEL, INTERNAL_ERROR, NO_ERROR } from '../codec/http2/error-codes.ts';
import type { MessageHead } from '../codec/message-head.ts';
import type { ConnectionRecord } from '../connection-record.ts';
import type { Context } from '../context.ts';
import type { Forward } from '../request-delivery.ts';
import type { ResponseFlag } from '../response-flags.ts';
import { decideFailure, wordTimeout } from './decide-failure.ts';
import { Delivery, type Sent } from './delivery.ts';
import type { ClientEnd, Loss, ServerEndUser } from './ends.ts';
import { Tally } from './tally.ts';
import { upstreamProtocol } from './upstream-protocol.ts';

const NO_TUNNEL = 'the service speaks another version of HTTP, into which CONNECT and Upgrade are not converted';

export class Exchange implements ServerEndUser, Timed {
  deadline = 0;
  wheelTick = -1;
  readonly #context: Context;
  readonly #client: ClientEnd;
  readonly #decision: Forward;
  readonly #delivery: Delivery;
  readonly #tally: Tally;
  readonly #isHead: boolean;
  /** Not even an interim head was seen. */
  #untouched = true;
  #answerBegun = false;
  #answerDone = false;
  /** Request bytes that the endpoint's end keeps back, and answer bytes that the client's end does. */
  #owedToClient = 0;
  #owedToServer = 0;
  isOver = false;

  /** Call `begin` at once, with the same head. */
  constructor(
    context: Context,
    record: ConnectionRecord,
    client: ClientEnd,
    decision: Forward,
    head: MessageHead,
    end: boolean,
  ) {
    this.#context = context;
    this.#client = client;
    this.#decision = decision;
    this.#isHead = head.isHead;
    this.#delivery = new Delivery(context, this, decision, client.speaks, head, end);
    this.#tally = new Tally(context, record, decision, client.speaks, this.#delivery.isGrpc);
  }

  /** Sends the request on. */
  begin(head: MessageHead): void {
    const { cluster } = this.#decision;
    const { limit } = this.#delivery;
    if (limit !== null) this.#context.exchanges.deadlines.set(this, limit.ms);
    const converts = upstreamProtocol(cluster, this.#client.speaks) !== this.#client.speaks;
    if (converts && head.isConnect) return this.fail('DPE', 501, NO_TUNNEL);
    try {
      this.#goOn(this.#delivery.begin(head));
    } catch (error) {
      this.overload(error);
    }
  }

  onRequestData(at: number, length: number, end: boolean): void {
    if (this.isOver) return;
    try {
      if (this.#delivery.sendData(at, length, end)) this.#client.consumed(length);
      else {
        this.#owedToClient += length;
        this.#client.hold();
      }
    } catch (error) {
      return this.overload(error);
    }
    if (end && this.#answerDone) this.#complete(NO_ERROR);
  }

  onRequestTrailers(head: MessageHead): void {
    if (this.isOver) return;
    try {
      this.#delivery.sendTrailers(head);
    } catch (error) {
      return this.overload(error);
    }
    if (this.#answerDone) this.#complete(NO_ERROR);
  }

  /** The client gave it up or went away (DC), or it was given up because the client does not take its answer (UO). */
  onClientLost(code: number, flag: 'DC' | 'UO' = 'DC', reason = ''): void {
    if (this.isOver) return;
    this.#delivery.server?.cancel(code < 0 ? CANCEL : code);
    this.#settle(this.#answerDone ? '' : flag, flag === 'DC' ? 'the client gave the request up' : reason);
  }

  onClientWritable(): void {
    const owed = this.#owedToServer;
    this.#owedToServer = 0;
    this.#delivery.server?.consumed(owed);
  }

  onServerReady(): void {
    this.#goOn(this.#delivery.sendKept());
  }

  onServerWritable(): void {
    const owed = this.#owedToClient;
    this.#owedToClient = 0;
    if (!this.isOver) this.#client.consumed(owed);
  }

  onAnswerHead(head: MessageHead, end: boolean): void {
    if (this.isOver) return;
    this.#untouched = false;
    if (head.status >= 200) {
      this.#delivery.dropKept();
      this.#tally.noteHead(head, end);
    }
    if (!this.#client.sendHead(head, head.status < 200 ? null : this.#decision.responseEdits, end))
      return this.fail('UPE', 502, 'the head of the answer is larger than the limit');
    if (head.status < 200) return;
    this.#answerBegun = true;
    if (end) this.#finishAnswer();
  }

  onAnswerData(at: number, length: number, end: boolean): void {
    if (this.isOver) return;
    try {
      if (this.#client.sendData(at, length, end)) this.#delivery.server?.consumed(length);
      else {
        this.#owedToServer += length;
        this.#delivery.server?.hold();
      }
    } catch (error) {
      return this.overload(error);
    }
    if (end) this.#finishAnswer();
  }

  onAnswerTrailers(head: MessageHead): void {
    if (this.isOver) return;
    this.#tally.noteTrailers(head);
    this.#client.sendTrailers(head);
    this.#finishAnswer();
  }

  onServerLost(loss: Loss, unprocessed: boolean, code: number, reason: string): void {
    if (this.isOver) return;
    if (this.#answerDone) {
      this.#delivery.drop();
      return this.#complete(code < 0 ? NO_ERROR : code);
    }
    try {
      const again = this.#delivery.recover(loss, unprocessed, this.#untouched, reason);
      if (again !== null) return this.#goOn(again);
    } catch (error) {
      return this.overload(error);
    }
    this.#failFor(loss, code, reason);
  }

  #goOn(sent: Sent): void {
    const { failure } = this.#delivery;
    if (sent === 'refused') this.fail('DPE', this.#delivery.refusedStatus, failure);
    else if (sent !== 'sent') this.#failFor(sent, NO_ERROR, failure);
  }

  #failFor(loss: Loss, code: number, reason: string): void {
    const { endpoint, attempts } = this.#delivery;
    const failure = decideFailure(loss, code, reason, {
      where: endpoint.text,
      attempts,
      isOriginal: this.#decision.cluster === null && !this.#tally.isGrpc,
      answerBegun: this.#answerBegun,
      client: this.#client.speaks,
    });
    if (failure.type === 'answer') return this.fail(failure.flag, failure.status, failure.sentence);
    if (failure.type === 'cut') return this.#cut(failure.flag, failure.code, failure.reason);
    this.#settle('UF', failure.reason);
    this.#client.refuse();
  }

  onDeadline(): void {
    this.fail('UT', 504, wordTimeout(this.#decision.route, this.#delivery.limit?.ms ?? 0));
  }

  /** @throws any error but SlabExhausted */
  overload(error: unknown): void {
    if (!(error instanceof SlabExhausted)) throw error;
    this.fail('UO', 503, 'the proxy is out of buffers');
  }

  /** Answers in the endpoint's place; an answer that has begun is cut. */
  fail(flag: ResponseFlag, status: number, sentence: string): void {
    if (this.isOver) return;
    this.#delivery.server?.cancel(CANCEL);
    if (this.#answerDone) {
      this.#settle(flag, sentence);
      return this.#client.complete(CANCEL);
    }
    if (this.#answerBegun) {
      if (!this.#tally.isGrpc) return this.#cut(flag, INTERNAL_ERROR, sentence);
      this.#settle(flag, sentence);
      return this.#client.endGrpc(flag, sentence);
    }
    const { service, route } = this.#decision;
    const { isGrpc, seconds } = this.#tally;
    this.#release();
    const answer = { flag, status, sentence, close: false, service, route, isHead: this.#isHead, seconds };
    this.#client.answer(answer, isGrpc);
  }

  #cut(flag: ResponseFlag, code: number, reason: string): void {
    this.#settle(flag, reason);
    this.#client.cut(code);
  }

  /** The answer is complete; of the request there may be more to come, which HTTP/2 lets pass. */
  #finishAnswer(): void {
    if (this.isOver) return;
    this.#answerDone = true;
    const bothHttp2 = this.#client.speaks === 'http2' && (this.#delivery.server?.outlivesAnswer ?? false);
    if (this.#delivery.requestDone || !bothHttp2) this.#complete(NO_ERROR);
  }

  #complete(code: number): void {
    this.#delivery.server?.complete(this.#delivery.requestDone);
    this.#settle('', '');
    this.#client.complete(code);
  }

  /** Counts the request and lets go of everything it held. */
  #settle(flag: ResponseFlag | '', detail: string): void {
    if (this.isOver) return;
    this.#tally.count(this.#delivery.endpoint, flag, detail);
    this.#release();
  }

  #release(): void {
    this.isOver = true;
    this.#delivery.drop();
    this.#delivery.dropKept();
    if (this.#delivery.limit !== null) this.#context.exchanges.deadlines.clear(this);
  }
}
