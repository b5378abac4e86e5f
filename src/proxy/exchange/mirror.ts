/**
 * A copy of a request for another service, whose answer is thrown away (HTTPRequestMirrorFilter). It has nothing to say to the
 * exchange that it is copied from: when it is slow, or cannot be sent, it is dropped and counted.
 */
import { SlabExhausted } from '../../reactor/slab.ts';
import type { Timed } from '../../reactor/timer-wheel.ts';
import { CANCEL } from '../codec/http2/error-codes.ts';
import type { MessageHead } from '../codec/message-head.ts';
import type { Context } from '../context.ts';
import { NO_ENDPOINTS, NO_KEY } from '../endpoints/pick-context.ts';
import type { Forward } from '../request-delivery.ts';
import { type MirrorRule, USUAL_DELIVERY } from './delivery-rules.ts';
import type { ServerEndUser } from './ends.ts';
import { Sending } from './sending.ts';
import type { Sent } from './sent.ts';
import type { HttpProtocol } from './upstream-protocol.ts';

/** Bytes of a body that may wait for the mirror: none while less than half of the buffers is free, which belong to requests. */
const MOST_WAITING = 65_536;
const ENOUGH = 1 / 2;
/** A mirror that takes longer is given up. */
const MOST_MS = 15_000;

type Result = 'answered' | 'failed' | 'dropped';

export class Mirror extends Sending implements ServerEndUser, Timed {
  deadline = 0;
  wheelTick = -1;
  readonly keepsCase = false;
  #waitingBytes = 0;
  #isOver = false;

  private constructor(
    context: Context,
    decision: Forward,
    client: HttpProtocol,
    head: MessageHead,
    end: boolean,
    requestNumber: number,
  ) {
    super(context, decision, client, head, end, requestNumber);
    context.exchanges.deadlines.set(this, MOST_MS);
  }

  /** Sends a copy of the request with that head. @param main how the request itself goes; its edits are the copy's as well */
  static start(
    context: Context,
    main: Forward,
    { cluster }: MirrorRule,
    client: HttpProtocol,
    head: MessageHead,
    end: boolean,
    requestNumber: number,
  ): Mirror | null {
    const endpoint = cluster.pick(context, NO_KEY, NO_ENDPOINTS);
    if (endpoint === null) {
      count(context, cluster.key, 'dropped');
      return null;
    }
    const decision: Forward = { ...main, endpoint, cluster, hash: NO_KEY, rules: USUAL_DELIVERY, timeoutMs: 0 };
    const mirror = new Mirror(context, decision, client, head, end, requestNumber);
    mirror.#try(() => (mirror.admit() ? mirror.open(head, mirror) : 'full'));
    return mirror;
  }

  #try(send: () => Sent): void {
    try {
      if (send() === 'sent') return;
      // It may have a connection, or a stream, that it has not used.
      this.server?.cancel(CANCEL);
      this.#finish('failed');
    } catch (error) {
      if (!(error instanceof SlabExhausted)) throw error;
      this.#drop();
    }
  }

  #drop(): void {
    this.server?.cancel(CANCEL);
    this.#finish('dropped');
  }

  #finish(result: Result): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.context.exchanges.deadlines.clear(this);
    this.end();
    count(this.context, this.decision.cluster?.key ?? '', result);
  }

  // === the request ===

  copyData(at: number, length: number, end: boolean): void {
    if (this.#isOver) return;
    this.#try(() => {
      if (!this.sendData(at, length, end)) this.#waitingBytes += length;
      return 'sent';
    });
    const { freeLargeChunks, largeChunks } = this.context.reactor.slab;
    if (this.#waitingBytes > (freeLargeChunks < largeChunks * ENOUGH ? 0 : MOST_WAITING)) this.#drop();
  }

  copyTrailers(head: MessageHead): void {
    if (this.#isOver) return;
    this.#try(() => {
      this.sendTrailers(head);
      return 'sent';
    });
  }

  /** The exchange is over: what has not come of the request by now never will. */
  abandon(): void {
    if (!this.#isOver && !this.requestDone) this.#drop();
  }

  // === the endpoint ===

  onServerReady(): void {
    this.#try(() => this.sendKept());
  }

  onServerWritable(): void {
    this.#waitingBytes = 0;
  }

  onAnswerHead(head: MessageHead, end: boolean): void {
    if (end && head.status >= 200) this.#answered();
  }

  onAnswerData(_at: number, length: number, end: boolean): void {
    if (end) this.#answered();
    else this.server?.consumed(length);
  }

  onAnswerTrailers(): void {
    this.#answered();
  }

  #answered(): void {
    this.server?.complete(this.requestDone);
    this.#finish('answered');
  }

  onServerLost(): void {
    this.#finish('failed');
  }

  onDeadline(): void {
    this.#drop();
  }
}

/** The copies that the rule wants of a request, each drawn by itself. @param main carries the request itself */
export function startMirrors(
  context: Context,
  decision: Forward,
  client: HttpProtocol,
  head: MessageHead,
  main: Sending,
): readonly Mirror[] {
  return decision.rules.mirrors.flatMap((rule) => {
    if (context.random() >= rule.share) return [];
    return Mirror.start(context, decision, rule, client, head, main.requestDone, main.requestNumber) ?? [];
  });
}

function count({ counters }: Context, cluster: string, result: Result): void {
  counters.count('towpath_mirrored_requests_total', { cluster, result });
}
