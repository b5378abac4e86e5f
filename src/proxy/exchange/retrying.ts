/**
 * Whether, when and where one request is sent again: the tries of its rule, the retry budget and the parallel retries of its cluster,
 * pauses, and endpoints that have failed it already. Made when a try fails.
 */
import type { MessageHead } from '../codec/message-head.ts';
import type { Context } from '../context.ts';
import type { ClusterTraffic } from '../endpoints/cluster-traffic.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { NO_GRPC_STATUS, readGrpcStatus } from '../grpc/grpc-status.ts';
import { ASKED_NEVER, askedPauseMs, NOT_ASKED, pauseMs, pushbackMs } from '../policy/backoff.ts';
import { decideLostTry, type LostTry, listsAnswer, type RetryRules, USUAL_SENDS } from '../policy/retry.ts';
import type { Forward } from '../request-delivery.ts';
import { noteOverflow } from '../upstream/overflow.ts';
import type { TimeLimit } from './time-limit.ts';

/** Why a request is sent again, as metrics name it: how a try was lost, or what was answered. */
type Reason = 'status' | 'grpc-status' | LostTry['loss'];
type Result = 'sent' | 'exhausted' | 'overflow' | 'over-budget';

/** Results that are no pause. It is not to be sent again. */
export const NEVER = -1;
/** It would be, but the tries are used up. */
export const USED_UP = -2;
/** A circuit breaker or the budget forbids it (see `refusal`). */
export const REFUSED = -3;

export class Retrying {
  readonly #context: Context;
  readonly #decision: Forward;
  readonly #traffic: ClusterTraffic | null;
  readonly #rules: RetryRules;
  readonly #limit: TimeLimit | null;
  /** Where to send it next. */
  endpoint: Endpoint;
  /** ... and that is an endpoint that has not failed it yet. */
  moved = false;
  /** After REFUSED: why, for the client. */
  refusal = '';
  readonly #tried: Endpoint[] = [];
  #retries = 0;
  /** In the cluster's number of parallel retries. */
  #isCounted = false;

  constructor(context: Context, decision: Forward, limit: TimeLimit | null) {
    this.#context = context;
    this.#decision = decision;
    this.#traffic = decision.cluster === null ? null : decision.cluster.traffic;
    this.#rules = decision.rules.retry;
    this.#limit = limit;
    this.endpoint = decision.endpoint;
  }

  /** Most times that the request is sent. */
  get mostSends(): number {
    return Math.max(USUAL_SENDS, this.#rules.attempts + 1);
  }

  /**
   * The final head of an answer has come. @param end it is the whole answer @param sends so far
   * @returns ms to wait before the next try, NEVER, USED_UP or REFUSED
   */
  afterAnswer(head: MessageHead, end: boolean, isGrpc: boolean, sends: number): number {
    const { bytes } = this.#context.reactor.slab;
    const grpcStatus = isGrpc && end ? readGrpcStatus(bytes, head) : NO_GRPC_STATUS;
    if (!listsAnswer(this.#rules, head.status, grpcStatus)) return NEVER;
    const reason = this.#rules.statuses.has(head.status) ? 'status' : 'grpc-status';
    const pushed = isGrpc ? pushbackMs(bytes, head) : NOT_ASKED;
    if (sends > this.#rules.attempts || pushed === ASKED_NEVER) return this.#usedUp(reason);
    const asked = pushed >= 0 ? pushed : askedPauseMs(bytes, head, Date.now());
    const ms = asked >= 0 && this.#fits(asked) ? asked : this.#ownPause();
    if (this.#isTooLong(ms)) return this.#usedUp(reason);
    if (!this.#take(reason, false)) return REFUSED;
    this.#choose(true);
    return ms;
  }

  /** A try came to nothing. Returns as `afterAnswer`. */
  afterLoss(lost: LostTry): number {
    const again = decideLostTry(this.#rules, lost);
    if (again === 'never') return NEVER;
    if (again === 'used-up') return this.#usedUp(lost.loss);
    this.#choose(lost.loss !== 'unreachable');
    // Nobody listens there, nor anywhere else.
    const isStuck = !this.moved && (lost.loss === 'unreachable' || lost.loss === 'crowded');
    if (isStuck && !this.#rules.isAsked) return NEVER;
    const ms = this.#rules.isAsked && !(lost.unprocessed && this.moved) ? this.#ownPause() : 0;
    if (this.#isTooLong(ms)) return this.#usedUp(lost.loss);
    return this.#take(lost.loss, lost.unprocessed) ? ms : REFUSED;
  }

  /** A second request beside the first, whose time is up: is there room for it? */
  mayHedge(): boolean {
    if (!this.#take('slow', false)) return false;
    this.#choose(true);
    return true;
  }

  /** Another endpoint of the cluster while there is one; with a rule it goes round again. @param wasReached the last one is alive */
  #choose(wasReached: boolean): void {
    const { cluster, hash } = this.#decision;
    this.moved = false;
    if (cluster === null || (wasReached && cluster.staysWith(hash))) return;
    this.#tried.push(this.endpoint);
    const next = cluster.pick(this.#context, hash, this.#tried);
    this.moved = next !== null && !this.#tried.includes(next);
    if (next !== null && (this.moved || this.#rules.isAsked)) this.endpoint = next;
  }

  #ownPause(): number {
    return pauseMs(this.#rules.backoffMs, this.#retries + 1, this.#context.random());
  }

  /** A pause that its rule asks for is not begun in vain; a short one of ours may end with the time of the request. */
  #isTooLong(ms: number): boolean {
    return this.#rules.backoffMs >= 0 && !this.#fits(ms);
  }

  #fits(ms: number): boolean {
    return this.#limit === null || ms < this.#limit.leftMs;
  }

  /** @param isFree nobody has acted on it: the budget, which guards endpoints from load, is not concerned */
  #take(reason: Reason, isFree: boolean): boolean {
    const traffic = this.#traffic;
    if (traffic !== null && !this.#isCounted && traffic.retries >= traffic.thresholds.retries)
      return this.#refuse(reason, 'overflow', noteOverflow(this.#context, traffic, 'retries'));
    if (traffic !== null && !isFree && !traffic.budget.take(this.#context.reactor.now)) {
      this.#context.counters.count('towpath_retry_budget_exhausted_total', { cluster: traffic.key });
      return this.#refuse(reason, 'over-budget', `the retry budget of ${traffic.key} is used up`);
    }
    this.#retries++;
    if (traffic !== null && !this.#isCounted) traffic.retries++;
    this.#isCounted = true;
    this.#count(reason, 'sent');
    return true;
  }

  #refuse(reason: Reason, result: Result, refusal: string): false {
    this.refusal = refusal;
    this.#count(reason, result);
    return false;
  }

  #usedUp(reason: Reason): typeof USED_UP {
    this.#count(reason, 'exhausted');
    return USED_UP;
  }

  #count(reason: Reason, result: Result): void {
    const cluster = this.#traffic === null ? '' : this.#traffic.key;
    this.#context.counters.count('towpath_retries_total', { cluster, reason, result });
  }

  /** The request is over. */
  end(): void {
    if (this.#isCounted && this.#traffic !== null) this.#traffic.retries--;
    this.#isCounted = false;
  }
}
