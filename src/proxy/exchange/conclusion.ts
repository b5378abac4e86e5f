/** How an exchange ends: complete, answered in the endpoint's place, cut or refused, and counted once, whatever the way. */
import { SlabExhausted } from '../../reactor/slab.ts';
import type { Timed } from '../../reactor/timer-wheel.ts';
import { CANCEL, INTERNAL_ERROR, NO_ERROR } from '../codec/http2/error-codes.ts';
import type { Context } from '../context.ts';
import type { Draft } from '../journal/draft.ts';
import type { DrawnFault } from '../policy/faults.ts';
import type { Forward } from '../request-delivery.ts';
import { RESPONSE_FLAGS, type ResponseFlag } from '../response-flags.ts';
import { decideFailure } from './decide-failure.ts';
import type { Delivery } from './delivery.ts';
import type { ClientEnd, Loss } from './ends.ts';
import { StreamClock } from './stream-clock.ts';
import type { Tally } from './tally.ts';

/** How a fault ends a request. */
export type Abort = NonNullable<DrawnFault['abort']>;

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
  /** null: its cluster lets it be silent, and take, as long as it likes. */
  protected clock: StreamClock | null = null;

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
      this.tally.noteOwnGrpcStatus(RESPONSE_FLAGS[flag].grpcStatus);
      this.settle(flag, sentence);
      return this.client.endGrpc(flag, sentence);
    }
    const { service, route, responseEdits: edits } = this.decision;
    const { isGrpc, seconds, method, requestBytes } = this.tally;
    const draft = this.#takeDraft();
    this.#release();
    const isHead = this.#isHead;
    const what = { flag, status, grpcStatus, sentence, edits, close: false };
    const answer = { ...what, service, route, isHead, method, requestBytes, seconds, draft };
    this.client.answer(answer, isGrpc);
  }

  protected failOnPurpose({ status, grpcStatus }: Abort): void {
    this.countFault('abort');
    const { service, route } = this.decision;
    const whose = route === '' ? service : `route ${route}`;
    this.fail('FI', status, `aborted on purpose, by the fault injection of ${whose}`, grpcStatus);
  }

  protected countFault(type: 'delay' | 'abort'): void {
    const { service, route } = this.decision;
    this.context.counters.count('towpath_faults_injected_total', { service, route, type });
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
    const draft = this.tally.draft === null && flag === '' ? null : this.#takeDraft();
    this.tally.count(this.delivery.endpoint, flag, detail, draft);
    this.#release();
  }

  #takeDraft(): Draft {
    const { delivery, tally, context } = this;
    return tally.takeDraft(tally.draft === null ? delivery.restoreHead(context.parser) : null, delivery);
  }

  protected startClock(): void {
    const { cluster } = this.decision;
    if (cluster === null || !cluster.traffic.needsExchange) return;
    this.clock = StreamClock.start(this.context, cluster.traffic.timeouts, (flag, sentence) => {
      const status = flag === 'SI' && !this.delivery.requestDone ? 408 : 504;
      this.fail(flag, status, sentence);
    });
  }

  /** It is over. */
  protected abstract onRelease(): void;

  #release(): void {
    this.isOver = true;
    this.clock?.end();
    this.onRelease();
    this.delivery.end();
    if (this.delivery.limit !== null) this.context.exchanges.deadlines.clear(this);
  }
}
