/** How an exchange ends: complete, answered in the endpoint's place, cut or refused, and counted once, whatever the way. */
import { SlabExhausted } from '../../reactor/slab.ts';
import type { Timed } from '../../reactor/timer-wheel.ts';
import { CANCEL, INTERNAL_ERROR, NO_ERROR } from '../codec/http2/error-codes.ts';
import type { Context } from '../context.ts';
import type { Forward } from '../request-delivery.ts';
import type { ResponseFlag } from '../response-flags.ts';
import { decideFailure } from './decide-failure.ts';
import type { Delivery } from './delivery.ts';
import type { ClientEnd, Loss } from './ends.ts';
import type { Tally } from './tally.ts';

export abstract class Conclusion implements Timed {
  deadline = 0;
  wheelTick = -1;
  protected readonly context: Context;
  protected readonly client: ClientEnd;
  protected readonly decision: Forward;
  protected abstract readonly delivery: Delivery;
  protected abstract readonly tally: Tally;
  readonly #isHead: boolean;
  protected answerBegun = false;
  protected answerDone = false;
  /** Of a request that is answered all the same. */
  protected flag: ResponseFlag | '' = '';
  isOver = false;

  constructor(context: Context, client: ClientEnd, decision: Forward, isHead: boolean) {
    this.context = context;
    this.client = client;
    this.decision = decision;
    this.#isHead = isHead;
  }

  abstract onDeadline(): void;

  /** Nothing more can be done for the request at the endpoints. */
  protected failFor(loss: Loss, code: number, reason: string): void {
    const { endpoint, attempts } = this.delivery;
    const failure = decideFailure(loss, code, reason, {
      where: endpoint.text,
      attempts,
      isOriginal: this.decision.cluster === null && !this.tally.isGrpc,
      answerBegun: this.answerBegun,
      client: this.client.speaks,
    });
    if (failure.type === 'answer') return this.fail(failure.flag, failure.status, failure.sentence);
    if (failure.type === 'cut') return this.#cut(failure.flag, failure.code, failure.reason);
    this.settle('UF', failure.reason);
    this.client.refuse();
  }

  /** @throws any error but SlabExhausted */
  overload(error: unknown): void {
    if (!(error instanceof SlabExhausted)) throw error;
    this.fail('UO', 503, 'the proxy is out of buffers');
  }

  /** Answers in the endpoint's place; an answer that has begun is cut. @param grpcStatus for gRPC; absent: that of the flag */
  fail(flag: ResponseFlag, status: number, sentence: string, grpcStatus?: number): void {
    if (this.isOver) return;
    this.delivery.server?.cancel(CANCEL);
    if (this.answerDone) {
      this.settle(flag, sentence);
      return this.client.complete(CANCEL);
    }
    if (this.answerBegun) {
      if (!this.tally.isGrpc) return this.#cut(flag, INTERNAL_ERROR, sentence);
      this.settle(flag, sentence);
      return this.client.endGrpc(flag, sentence);
    }
    const { service, route, responseEdits: edits } = this.decision;
    const { isGrpc, seconds } = this.tally;
    this.#release();
    const isHead = this.#isHead;
    const answer = { flag, status, grpcStatus, sentence, edits, close: false, service, route, isHead, seconds };
    this.client.answer(answer, isGrpc);
  }

  #cut(flag: ResponseFlag, code: number, reason: string): void {
    this.settle(flag, reason);
    this.client.cut(code);
  }

  /** The answer is complete; of the request there may be more to come, which HTTP/2 lets pass. */
  protected finishAnswer(): void {
    if (this.isOver) return;
    this.answerDone = true;
    const bothHttp2 = this.client.speaks === 'http2' && (this.delivery.server?.outlivesAnswer ?? false);
    if (this.delivery.requestDone || !bothHttp2) this.complete(NO_ERROR);
  }

  protected complete(code: number): void {
    this.delivery.server?.complete(this.delivery.requestDone);
    this.settle(this.flag, '');
    this.client.complete(code);
  }

  /** Counts the request and lets go of everything it held. */
  protected settle(flag: ResponseFlag | '', detail: string): void {
    if (this.isOver) return;
    this.tally.count(this.delivery.endpoint, flag, detail);
    this.#release();
  }

  /** It is over. */
  protected abstract onRelease(): void;

  #release(): void {
    this.isOver = true;
    this.onRelease();
    this.delivery.end();
    if (this.delivery.limit !== null) this.context.exchanges.deadlines.clear(this);
  }
}
