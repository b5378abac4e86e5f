/**
 * Two tries of one request side by side (Envoy's `hedge_on_per_try_timeout`): the second began when the time of the first was up. The
 * first good answer wins, and the other try is given up. Only for requests that may be repeated and have arrived whole.
 */
import { CANCEL } from '../codec/http2/error-codes.ts';
import type { MessageHead } from '../codec/message-head.ts';
import type { Context } from '../context.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { NO_GRPC_STATUS, readGrpcStatus } from '../grpc/grpc-status.ts';
import { listsAnswer, type RetryRules } from '../policy/retry.ts';
import { letAnswerGo } from './drain-answer.ts';
import type { ServerEnd, ServerEndUser } from './ends.ts';
import type { TryWatch } from './try-watch.ts';

/** A try that is set aside, or goes on alone. */
export interface Running {
  readonly server: ServerEnd;
  readonly endpoint: Endpoint;
}

export class Contest {
  readonly #context: Context;
  readonly #user: ServerEndUser;
  readonly #rules: RetryRules;
  readonly #isGrpc: boolean;
  readonly #watch: TryWatch | null;
  readonly #goOn: (winner: Running, second: boolean) => void;
  readonly #first: Running;
  #second: Running | null = null;
  /** Who hears of the second try's end. */
  readonly userOfSecond: ServerEndUser;

  /** @param goOn that try goes on alone, and its end has its old user again */
  constructor(
    context: Context,
    user: ServerEndUser,
    rules: RetryRules,
    isGrpc: boolean,
    watch: TryWatch | null,
    first: Running,
    goOn: (winner: Running, second: boolean) => void,
  ) {
    this.#context = context;
    this.#user = user;
    this.#rules = rules;
    this.#isGrpc = isGrpc;
    this.#watch = watch;
    this.#first = first;
    this.#goOn = goOn;
    first.server.user = this.#contender(false);
    this.userOfSecond = this.#contender(true);
  }

  begin(second: Running): void {
    this.#second = second;
  }

  /** There is no second try after all, or the request is over. @param givesUp the first one is given up as well */
  end(givesUp: boolean): void {
    const { server, endpoint } = this.#first;
    server.user = this.#user;
    if (!givesUp) return;
    server.cancel(CANCEL);
    endpoint.active--;
  }

  #contender(second: boolean): ServerEndUser {
    const user = this.#user;
    return {
      keepsCase: user.keepsCase,
      onServerReady: () => user.onServerReady(),
      onServerWritable: () => user.onServerWritable(),
      onAnswerHead: (head, end) => {
        if (head.status >= 200) this.#onHead(second, head, end);
      },
      onAnswerData: () => {},
      onAnswerTrailers: () => {},
      onServerLost: (loss, unprocessed) => {
        const own = this.#of(second);
        if (own !== null && !own.server.wasStale) this.#watch?.onLoss(own.endpoint, loss, unprocessed);
        this.#loses(second);
      },
    };
  }

  #of(second: boolean): Running | null {
    return second ? this.#second : this.#first;
  }

  #onHead(second: boolean, head: MessageHead, end: boolean): void {
    const { bytes } = this.#context.reactor.slab;
    const grpcStatus = this.#isGrpc && end ? readGrpcStatus(bytes, head) : NO_GRPC_STATUS;
    const own = this.#of(second);
    if (own === null) return;
    if (listsAnswer(this.#rules, head.status, grpcStatus)) {
      this.#watch?.onHead(own.endpoint, head, end);
      this.#loses(second);
      return letAnswerGo(this.#context, own.server, end, true);
    }
    const other = this.#of(!second);
    if (other !== null) {
      other.server.cancel(CANCEL);
      other.endpoint.active--;
    }
    this.#settle(own, second);
    this.#user.onAnswerHead(head, end);
  }

  /** The other one goes on alone. */
  #loses(second: boolean): void {
    const own = this.#of(second);
    const other = this.#of(!second);
    if (own === null || other === null) return;
    own.endpoint.active--;
    this.#settle(other, !second);
  }

  #settle(winner: Running, second: boolean): void {
    winner.server.user = this.#user;
    this.#goOn(winner, second);
  }
}
