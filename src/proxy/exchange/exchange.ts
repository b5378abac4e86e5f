/**
 * One request with its response where a side is HTTP/2, or where its rule may have it held or sent more than once: delivered and
 * answered by itself, whatever other streams share its connections. It passes heads, bytes, trailers, resets and credit between
 * its two ends.
 */
import { CANCEL, NO_ERROR } from '../codec/http2/error-codes.ts';
import type { MessageHead } from '../codec/message-head.ts';
import type { ConnectionRecord } from '../connection-record.ts';
import type { Context } from '../context.ts';
import { drawFault } from '../policy/faults.ts';
import type { Forward } from '../request-delivery.ts';
import type { ResponseFlag } from '../response-flags.ts';
import { type Abort, Conclusion } from './conclusion.ts';
import { wordTimeout } from './decide-failure.ts';
import { Delivery } from './delivery.ts';
import type { ClientEnd, Loss } from './ends.ts';
import { type Mirror, startMirrors } from './mirror.ts';
import type { DeliveryUser, Sent } from './sent.ts';
import { Tally } from './tally.ts';
import { upstreamProtocol } from './upstream-protocol.ts';

const NO_TUNNEL = 'the service speaks another version of HTTP, into which CONNECT and Upgrade are not converted';

const NO_MIRRORS: readonly Mirror[] = [];

export class Exchange extends Conclusion implements DeliveryUser {
  protected readonly delivery: Delivery;
  protected readonly tally: Tally;
  readonly keepsCase: boolean;
  /** Not even an interim head was seen. */
  #untouched = true;
  /** The client was told to go on with its body (100), or has gone on without. */
  #continued = false;
  #mirrors: readonly Mirror[] = NO_MIRRORS;
  /** The fault to end with, once its delay is over. */
  #abort: Abort | null = null;
  /** Request bytes that the endpoint's end keeps back, and answer bytes that the client's end does. */
  #owedToClient = 0;
  #owedToServer = 0;

  /** Call `begin` at once, with the same head. */
  constructor(
    context: Context,
    record: ConnectionRecord,
    client: ClientEnd,
    decision: Forward,
    head: MessageHead,
    end: boolean,
  ) {
    super(context, client, decision, head.isHead);
    this.keepsCase = client.speaks === 'http1';
    this.delivery = new Delivery(context, this, decision, client.speaks, head, end);
    this.tally = new Tally(context, record, decision, client.speaks, this.delivery.isGrpc, head);
    this.delivery.draft = this.tally.draft;
  }

  /** The endpoint speaks HTTP/1.1, in which names have a case. */
  get keepsTrailerCase(): boolean {
    return upstreamProtocol(this.decision.cluster, this.client.speaks) === 'http1';
  }

  /** Sends the request on. */
  begin(head: MessageHead): void {
    const { cluster } = this.decision;
    const { limit } = this.delivery;
    if (limit !== null) this.context.exchanges.deadlines.set(this, limit.ms);
    this.startClock();
    const converts = upstreamProtocol(cluster, this.client.speaks) !== this.client.speaks;
    if (converts && head.isConnect) return this.fail('DPE', 501, NO_TUNNEL);
    const faults = this.decision.rules.fault ?? cluster?.traffic.fault ?? null;
    const fault = faults === null ? null : drawFault(faults, this.context.random);
    this.#abort = fault === null ? null : fault.abort;
    const delayMs = fault === null ? 0 : fault.delayMs;
    if (delayMs === 0 && this.#abort !== null) return this.failOnPurpose(this.#abort);
    const { rules } = this.decision;
    if (rules.mirrors.length > 0 && this.#abort === null)
      this.#mirrors = startMirrors(this.context, this.decision, this.client.speaks, head, this.delivery);
    try {
      this.#goOn(delayMs === 0 ? this.delivery.begin(head) : this.#delay(head, delayMs));
    } catch (error) {
      this.overload(error);
    }
  }

  #delay(head: MessageHead, ms: number): Sent {
    this.flag = 'DI';
    this.countFault('delay');
    return this.delivery.hold(head, ms);
  }

  protected onRelease(): void {
    for (const mirror of this.#mirrors) mirror.abandon();
  }

  onRequestData(at: number, length: number, end: boolean): void {
    if (this.isOver) return;
    this.#continued = true;
    this.clock?.touch();
    this.tally.requestBytes += length;
    for (const mirror of this.#mirrors) mirror.copyData(at, length, end);
    try {
      if (this.delivery.sendData(at, length, end)) this.client.consumed(length);
      else {
        this.#owedToClient += length;
        this.client.hold();
      }
    } catch (error) {
      return this.overload(error);
    }
    if (end && this.answerDone) this.complete(NO_ERROR);
  }

  onRequestTrailers(head: MessageHead): void {
    if (this.isOver) return;
    for (const mirror of this.#mirrors) mirror.copyTrailers(head);
    try {
      this.delivery.sendTrailers(head);
    } catch (error) {
      return this.overload(error);
    }
    if (this.answerDone) this.complete(NO_ERROR);
  }

  /** The client gave it up or went away (DC), or it was given up because the client does not take its answer (UO, SI). */
  onClientLost(code: number, flag: ResponseFlag = 'DC', reason = ''): void {
    if (this.isOver) return;
    this.delivery.server?.cancel(code < 0 ? CANCEL : code);
    this.settle(this.answerDone ? '' : flag, flag === 'DC' ? 'the client gave the request up' : reason);
  }

  onClientWritable(): void {
    const owed = this.#owedToServer;
    this.#owedToServer = 0;
    this.delivery.server?.consumed(owed);
  }

  onServerReady(): void {
    this.#goOn(this.delivery.sendKept());
  }

  onServerWritable(): void {
    const owed = this.#owedToClient;
    this.#owedToClient = 0;
    if (!this.isOver) this.client.consumed(owed);
  }

  onAnswerHead(head: MessageHead, end: boolean): void {
    if (this.isOver) return;
    this.#untouched = false;
    this.clock?.touch();
    if (head.status === 100) {
      // Another try's: the client has heard of it, or has sent its body long since.
      if (this.#continued && this.delivery.attempts > 1) return;
      this.#continued = true;
    }
    if (head.status >= 200 && !this.#takes(head, end)) return;
    if (!this.client.sendHead(head, head.status < 200 ? null : this.delivery.answerEdits, end))
      return this.fail('UPE', 502, 'the head of the answer is larger than the limit');
    if (head.status < 200) return;
    this.answerBegun = true;
    if (end) this.finishAnswer();
  }

  /** False: the answer is not passed on. */
  #takes(head: MessageHead, end: boolean): boolean {
    switch (this.delivery.judgeAnswer(head, end)) {
      case 'again':
        this.#untouched = true;
        return false;
      case 'full':
        this.fail('UO', 503, this.delivery.failure);
        return false;
      case 'pass-used-up':
        this.flag = 'URX';
        break;
      case 'pass':
        break;
    }
    this.delivery.dropKept();
    this.tally.noteHead(head, end);
    return true;
  }

  onAnswerData(at: number, length: number, end: boolean): void {
    if (this.isOver) return;
    this.clock?.touch();
    this.tally.responseBytes += length;
    try {
      if (this.client.sendData(at, length, end)) this.delivery.server?.consumed(length);
      else {
        this.#owedToServer += length;
        this.delivery.server?.hold();
      }
    } catch (error) {
      return this.overload(error);
    }
    if (end) this.finishAnswer();
  }

  onAnswerTrailers(head: MessageHead): void {
    if (this.isOver) return;
    this.tally.noteTrailers(head);
    this.delivery.watch?.onTrailers(this.delivery.endpoint, head);
    this.client.sendTrailers(head);
    this.finishAnswer();
  }

  onServerLost(loss: Loss, unprocessed: boolean, code: number, reason: string): void {
    if (this.isOver) return;
    if (this.answerDone) {
      this.delivery.drop();
      return this.complete(code < 0 ? NO_ERROR : code);
    }
    try {
      const again = this.delivery.recover(loss, unprocessed, this.#untouched, reason);
      if (again !== null) return this.#goOn(again);
    } catch (error) {
      return this.overload(error);
    }
    this.failFor(loss, code, reason);
  }

  onAlarm(): void {
    if (this.isOver) return;
    if (this.#abort !== null) return this.failOnPurpose(this.#abort);
    const { perTryMs } = this.decision.rules;
    try {
      const sent = this.delivery.onAlarm();
      if (sent !== 'slow') return this.#goOn(sent);
      if (!this.answerBegun && this.delivery.hedge()) return;
    } catch (error) {
      return this.overload(error);
    }
    const reason = `no complete answer within the ${perTryMs} ms of one try`;
    if (this.answerBegun) return this.fail('UT', 504, reason);
    this.onServerLost('slow', this.delivery.giveUpTry(), NO_ERROR, reason);
  }

  #goOn(sent: Sent): void {
    const { failure } = this.delivery;
    if (sent === 'refused') this.fail('DPE', this.delivery.refusedStatus, failure);
    else if (sent !== 'sent') this.failFor(sent, NO_ERROR, failure);
  }

  onDeadline(): void {
    const { endpoint, server, watch } = this.delivery;
    if (server !== null && !this.answerBegun) watch?.onLoss(endpoint, 'slow', false);
    this.fail('UT', 504, wordTimeout(this.decision.route, this.delivery.limit?.ms ?? 0));
  }
}
