/**
 * Brings one request to an endpoint and, where that is safe and its rule allows it, to another one when the first fails. What is
 * sent again, `policy/retry.ts` says; until an answer is passed on, the request is kept for that.
 */
import { CANCEL } from '../codec/http2/error-codes.ts';
import type { MessageHead } from '../codec/message-head.ts';
import type { Context } from '../context.ts';
import { mayBeRepeated } from '../idempotent.ts';
import { noteTry } from '../journal/tries.ts';
import type { Forward } from '../request-delivery.ts';
import { Alarm } from './alarm.ts';
import { Contest, type Running } from './contest.ts';
import { letAnswerGo } from './drain-answer.ts';
import type { Loss, ServerEnd } from './ends.ts';
import { NEVER, REFUSED, Retrying, USED_UP } from './retrying.ts';
import { Sending } from './sending.ts';
import type { DeliveryUser, Judgement, Sent } from './sent.ts';
import type { HttpProtocol } from './upstream-protocol.ts';

export class Delivery extends Sending {
  readonly #user: DeliveryUser;
  #retrying: Retrying | null = null;
  #contest: Contest | null = null;
  #alarm: Alarm | null = null;
  /** A fault delays the request, it waits to be sent again, or it has its time for one try. */
  #alarmFor: 'fault' | 'pause' | 'try' = 'try';

  /** @param head the request; @param end it has no body */
  constructor(
    context: Context,
    user: DeliveryUser,
    decision: Forward,
    client: HttpProtocol,
    head: MessageHead,
    end: boolean,
  ) {
    super(context, decision, client, head, end);
    this.#user = user;
  }

  /** Sends the request as far as it is there. @throws SlabExhausted */
  begin(head: MessageHead): Sent {
    this.keep(head, !this.decision.rules.retry.isAsked);
    return this.#start(head);
  }

  /** Holds the request back for `ms`, then begins. @throws SlabExhausted */
  hold(head: MessageHead, ms: number): Sent {
    const sent = this.wait(head);
    if (sent === 'sent') this.#setAlarm('fault', ms);
    return sent;
  }

  #start(head: MessageHead): Sent {
    return this.admit() ? this.#connect(head) : 'full';
  }

  #connect(head: MessageHead): Sent {
    const { perTryMs } = this.decision.rules;
    if (perTryMs > 0) this.#setAlarm('try', perTryMs);
    const sent = this.open(head, this.#user);
    if (sent !== 'unreachable' && sent !== 'crowded') return sent;
    this.#alarm?.clear();
    return this.#sendAgain(sent, true, true, head) ?? sent;
  }

  #setAlarm(purpose: 'fault' | 'pause' | 'try', ms: number): void {
    this.#alarm ??= new Alarm(this.context, () => this.#user.onAlarm());
    this.#alarmFor = purpose;
    this.#alarm.set(ms);
  }

  /** A pause is over, or the time for one try ('slow'). @throws SlabExhausted */
  onAlarm(): Sent | 'slow' {
    const head = this.#alarmFor === 'try' ? null : this.kept.restoreHead(this.context.parser);
    if (head === null) return 'slow';
    this.kept.isWaiting = false;
    this.limit?.noteDelay();
    return this.#alarmFor === 'fault' ? this.#start(head) : this.#connect(head);
  }

  /** The time for one try is up: gives it up. Returns whether nothing of the request can have arrived. */
  giveUpTry(): boolean {
    const { server } = this;
    const hasArrived = server?.mayHaveArrived === true;
    server?.cancel(CANCEL);
    return !hasArrived;
  }

  /**
   * The time for one try is up: sends the request once more, to another endpoint, without giving the first try up. False: it may not.
   * @throws SlabExhausted
   */
  hedge(): boolean {
    const { server, endpoint, decision } = this;
    const { retry, perTryMs } = decision.rules;
    if (decision.cluster?.traffic.hedges !== true || server === null || this.#contest !== null) return false;
    if (!this.requestDone || this.kept.isWaiting || this.attempts > retry.attempts) return false;
    const head = this.kept.restoreHead(this.context.parser);
    if (head === null || !mayBeRepeated(this.context.reactor.slab.bytes, head) || !this.#retries.mayHedge())
      return false;
    const first = { server, endpoint };
    const contest = new Contest(this.context, this.#user, retry, this.isGrpc, this.watch, first, (winner, second) =>
      this.#concluded(winner, second),
    );
    this.watch?.onSlow(endpoint);
    this.tries = noteTry(this.tries, this.context.reactor.now, 'hedged', endpoint);
    // From here on `drop` gives both up.
    this.#contest = contest;
    this.server = null;
    this.endpoint = this.#retries.endpoint;
    this.#setAlarm('try', perTryMs);
    const sent = this.open(head, contest.userOfSecond);
    const second = this.#current();
    if (sent === 'sent' && second !== null) {
      contest.begin({ server: second, endpoint: this.endpoint });
      return true;
    }
    second?.cancel(CANCEL);
    super.drop();
    this.#contest = null;
    contest.end(false);
    this.server = server;
    this.endpoint = endpoint;
    return true;
  }

  #current(): ServerEnd | null {
    return this.server;
  }

  #concluded(winner: Running, second: boolean): void {
    const cluster = this.decision.cluster?.key ?? '';
    this.context.counters.count('towpath_hedged_requests_total', { cluster, result: second ? 'won' : 'lost' });
    this.#contest = null;
    this.server = winner.server;
    this.endpoint = winner.endpoint;
    if (!second) this.kept.isWaiting = false;
  }

  /** The final head of an answer is here: is it passed on? @param end it is the whole answer */
  judgeAnswer(head: MessageHead, end: boolean): Judgement {
    const { server, decision } = this;
    this.watch?.onHead(this.endpoint, head, end);
    if (!decision.rules.retry.isAsked || !this.kept.isKept || server === null) return 'pass';
    const ms = this.#retries.afterAnswer(head, end, this.isGrpc, this.attempts);
    if (ms === NEVER || ms === USED_UP) return ms === NEVER ? 'pass' : 'pass-used-up';
    this.failure = this.#retries.refusal;
    if (ms === REFUSED) return 'full';
    this.tries = noteTry(this.tries, this.context.reactor.now, `status ${head.status}`, this.endpoint);
    this.drop();
    letAnswerGo(this.context, server, end, this.requestDone);
    this.#pause(ms);
    return 'again';
  }

  get #retries(): Retrying {
    this.#retrying ??= new Retrying(this.context, this.decision, this.limit);
    return this.#retrying;
  }

  #pause(ms: number): void {
    this.endpoint = this.#retries.endpoint;
    this.kept.isWaiting = true;
    this.#setAlarm('pause', ms);
  }

  /**
   * The attempt failed: sends the request again where that is safe. Null when it is not.
   * @param untouched nothing of an answer was seen
   */
  recover(loss: Loss, unprocessed: boolean, untouched: boolean, reason: string): Sent | null {
    this.failure = reason;
    if (this.server?.wasStale !== true) this.watch?.onLoss(this.endpoint, loss, unprocessed);
    this.drop();
    return this.#sendAgain(loss, unprocessed, untouched, null);
  }

  /** @param inHand the head, where it is still valid */
  #sendAgain(loss: Loss, unprocessed: boolean, untouched: boolean, inHand: MessageHead | null): Sent | null {
    const { parser, reactor } = this.context;
    const head = inHand ?? this.kept.restoreHead(parser);
    if (head === null) return null;
    const repeatable = this.isIdempotent || mayBeRepeated(reactor.slab.bytes, head);
    const whole = this.requestDone;
    const retries = this.#retries;
    const ms = retries.afterLoss({ loss, unprocessed, untouched, repeatable, whole, sends: this.attempts });
    this.wasRefused = loss === 'reset' && !retries.moved;
    if (!this.wasRefused) this.waitingSince = 0;
    if (ms === NEVER || ms === USED_UP) return null;
    if (ms === REFUSED) {
      this.failure = retries.refusal;
      return 'full';
    }
    // The last try takes no chance.
    if (loss === 'lost' && (!retries.moved || this.attempts === retries.mostSends - 1)) this.reuse = 'new';
    this.tries = noteTry(this.tries, reactor.now, this.failure === '' ? loss : this.failure, this.endpoint);
    this.endpoint = retries.endpoint;
    this.limit?.noteDelay();
    if (ms === 0) return this.#connect(head);
    if (!this.kept.isKept) return null;
    this.#pause(ms);
    return 'sent';
  }

  override drop(): void {
    this.#alarm?.clear();
    this.#contest?.end(true);
    this.#contest = null;
    super.drop();
  }

  /** An answer is passed on: the request is never sent again. */
  dropKept(): void {
    this.kept.drop();
  }

  override end(): void {
    super.end();
    this.#retrying?.end();
  }
}
