/**
 * Brings one request to an endpoint: over which connection, and what may go where when that one fails. Sent again is only
 * what provably was not delivered, or is idempotent and was kept whole (RFC 9110 9.2.2).
 */
import type { CompiledEdits } from './codec/http1/header-edits.ts';
import { addFields } from './codec/own-lines.ts';
import type { Context } from './context.ts';
import type { RequestDecision } from './decide-request.ts';
import { affinityFields } from './endpoints/affinity.ts';
import type { ClusterTraffic } from './endpoints/cluster-traffic.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { type FailureCause, observeAttempt, observeFailure } from './endpoints/observe-attempt.ts';
import { NO_KEY } from './endpoints/pick-context.ts';
import { NO_GRPC_STATUS } from './grpc/grpc-status.ts';
import { noteTry, type Try } from './journal/tries.ts';
import type { Overflow } from './policy/circuit-breaker.ts';
import { ReplayCopy } from './replay-copy.ts';
import { describeDial } from './upstream/dial.ts';
import { noteOverflow } from './upstream/overflow.ts';
import {
  ANY_IDLE,
  acquire,
  FRESH_FOR_UNSAFE_MS,
  NEVER_IDLE,
  release,
  TOO_MANY_CONNECTIONS,
  TOO_MANY_PENDING,
} from './upstream/pool.ts';
import type { UpstreamConnection, UpstreamUser } from './upstream/upstream-connection.ts';

export type Forward = Extract<RequestDecision, { type: 'forward' }>;

/** Sends of one request: the first, and at most two more when the one before provably did not count. */
const MAX_ATTEMPTS = 3;

/** What became of a request whose connection was lost. `unreachable`: no endpoint took a connection (see `failure`). */
export type Recovery = 'sent-again' | 'unreachable' | 'lost';

export class RequestDelivery {
  readonly #context: Context;
  readonly #user: UpstreamUser;
  #decision: Forward | null = null;
  /** The endpoint in use, or tried last. */
  endpoint: Endpoint | null = null;
  upstream: UpstreamConnection | null = null;
  attempts = 0;
  /** Those that came to nothing; null = none. */
  tries: Try[] | null = null;
  /** The next try uses a new connection. */
  #afresh = false;
  /** Why the last dial failed, or why there was none (UO: a circuit breaker is open). */
  failure = '';
  failureFlag: 'UF' | 'UO' = 'UF';
  /** Where the request is counted as under way. */
  #admitted: ClusterTraffic | null = null;
  /** The whole request as sent, while it may have to be sent again. */
  readonly replay: ReplayCopy;
  /** ms of the reactor's clock when the attempt under way began. */
  #sentAt = 0;
  readonly #tried: Endpoint[] = [];

  constructor(context: Context, user: UpstreamUser) {
    this.#context = context;
    this.#user = user;
    this.replay = new ReplayCopy(context.reactor.slab);
  }

  begin(decision: Forward): void {
    this.#decision = decision;
    this.endpoint = decision.endpoint;
    this.attempts = 0;
    this.tries = null;
    this.#afresh = false;
    this.failureFlag = 'UF';
    if (this.#tried.length > 0) this.#tried.length = 0;
  }

  /** The final head of an answer is here: the request is never sent again. */
  noteAnswer(status: number): void {
    this.replay.drop();
    const { endpoint } = this;
    const cluster = this.#decision?.cluster ?? null;
    if (cluster?.observes !== true || endpoint === null) return;
    const seconds = (this.#context.reactor.now - this.#sentAt) / 1000;
    observeAttempt(this.#context, cluster, endpoint, { type: 'answer', status, grpcStatus: NO_GRPC_STATUS, seconds });
  }

  /** The endpoint in use did not do its part. */
  noteFailure(cause: FailureCause): void {
    if (this.endpoint !== null) observeFailure(this.#context, this.#decision?.cluster ?? null, this.endpoint, cause);
  }

  /** What is changed in the head of the answer: what the route says, and what brings the client back to this endpoint. */
  answerEdits(edits: CompiledEdits | null): CompiledEdits | null {
    const affinity = this.#decision?.affinity ?? null;
    if (affinity === null || this.endpoint === null) return edits;
    return addFields(edits, affinityFields(affinity, this.endpoint, Date.now()));
  }

  /** Borrows a connection to the chosen endpoint, or to another one where dialling fails at once. False: see `failure`. */
  connect(): boolean {
    const { reactor, limits } = this.#context;
    const maxIdleMs = this.#afresh ? NEVER_IDLE : this.replay.at >= 0 ? ANY_IDLE : FRESH_FOR_UNSAFE_MS;
    const traffic = this.#decision?.cluster?.traffic ?? null;
    if (traffic !== null && !this.#admit(traffic)) return false;
    for (;;) {
      const { endpoint } = this;
      if (endpoint === null) return false;
      this.attempts++;
      const upstream = acquire(reactor, limits, endpoint, this.#user, maxIdleMs, traffic);
      if (traffic !== null && (upstream === TOO_MANY_CONNECTIONS || upstream === TOO_MANY_PENDING))
        return this.#overflow(traffic, upstream === TOO_MANY_PENDING ? 'pending' : 'connections');
      if (typeof upstream !== 'number') {
        endpoint.active++;
        this.upstream = upstream;
        this.#sentAt = reactor.now;
        return true;
      }
      this.noteFailure('connect');
      this.failure = describeDial(endpoint, upstream);
      this.tries = noteTry(this.tries, reactor.now, this.failure, endpoint);
      if (!this.#chooseAnother(endpoint)) return false;
    }
  }

  #admit(traffic: ClusterTraffic): boolean {
    if (this.#admitted !== null) return true;
    if (!traffic.admit(this.#context.reactor.now)) return this.#overflow(traffic, 'requests');
    this.#admitted = traffic;
    return true;
  }

  #overflow(traffic: ClusterTraffic, limit: Overflow): false {
    this.failure = noteOverflow(this.#context, traffic, limit);
    this.failureFlag = 'UO';
    return false;
  }

  /** Why the request was not sent, for the client. */
  get failureSentence(): string {
    const { endpoint, attempts, failure, failureFlag } = this;
    return failureFlag === 'UO'
      ? failure
      : `cannot connect to ${endpoint?.text ?? ''} (attempt ${attempts}): ${failure}`;
  }

  /**
   * The connection failed before an answer was complete: sends the request again where that is safe.
   * @param untouched not a byte of an answer was seen
   */
  recover(reason: string, untouched: boolean): Recovery {
    const { upstream, endpoint } = this;
    if (upstream === null || endpoint === null) return 'lost';
    this.upstream = null;
    endpoint.active--;
    this.tries = noteTry(this.tries, this.#context.reactor.now, reason, endpoint);
    this.#noteLoss(upstream, untouched);
    if (!upstream.connected) return this.#redirect(upstream, endpoint, reason);
    const { pooled } = upstream;
    const wasRead = this.#wasRead(upstream);
    if (pooled && untouched) endpoint.idleLesson.observeClose(this.#context.reactor.now, upstream.idledMs);
    upstream.abort();
    if (!untouched || this.replay.at < 0 || this.attempts >= MAX_ATTEMPTS) return 'lost';
    // A kept-alive connection that the server had given up says nothing about the server: it may be tried again, afresh.
    const stays = this.#decision?.cluster?.staysWith(this.#decision.hash) === true;
    const moved = !stays && this.#chooseAnother(endpoint);
    if (!moved && !stays && (!pooled || wasRead)) return 'lost';
    // Another endpoint's pool is as good as ever, and must not grow with each request that moves there; the last try takes no chance.
    this.#afresh = !moved || this.attempts === MAX_ATTEMPTS - 1;
    if (!this.connect()) return 'unreachable';
    const next = this.#borrowed();
    if (next !== null) this.#context.reactor.write(next.socket, this.replay.at, this.replay.length);
    return 'sent-again';
  }

  /** The program that the client dialled has read the request and hung up: that is its answer, and what to do is the client's to say. */
  #wasRead({ socket }: UpstreamConnection): boolean {
    return this.#decision?.cluster === null && this.#context.reactor.hasReadAll(socket);
  }

  #noteLoss({ connected, pooled }: UpstreamConnection, untouched: boolean): void {
    // A kept-alive connection may have been given up before the request came.
    if (!connected) this.noteFailure('connect');
    else if (!pooled || !untouched) this.noteFailure('reset');
  }

  /** Nothing was delivered: what waits on the failed connection may go to another endpoint, whatever the method. */
  #redirect(failed: UpstreamConnection, endpoint: Endpoint, reason: string): Recovery {
    this.failure = reason;
    const found = this.#chooseAnother(endpoint) && this.connect();
    const next = this.#borrowed();
    if (next !== null) this.#context.reactor.movePending(failed.socket, next.socket);
    failed.abort();
    return found ? 'sent-again' : 'unreachable';
  }

  #borrowed(): UpstreamConnection | null {
    return this.upstream;
  }

  /** Another endpoint of the same cluster after a failure; false when there is none or the attempts are used up. */
  #chooseAnother(failed: Endpoint): boolean {
    const { cluster = null, hash = NO_KEY } = this.#decision ?? {};
    if (cluster === null || this.attempts >= MAX_ATTEMPTS) return false;
    this.#tried.push(failed);
    const next = cluster.pick(this.#context, hash, this.#tried);
    if (next === null || this.#tried.includes(next)) return false;
    this.endpoint = next;
    return true;
  }

  /** Hands the connection to somebody else, who now owns it and its place in `endpoint.active`. */
  takeOver(): UpstreamConnection | null {
    const { upstream } = this;
    upstream?.leave();
    this.upstream = null;
    return upstream;
  }

  /** Lets go of everything. 'reuse': back to the pool; 'close': FIN; 'abort': RST. */
  end(how: 'reuse' | 'close' | 'abort'): void {
    const { reactor, limits } = this.#context;
    const { upstream } = this;
    this.upstream = null;
    this.replay.drop();
    if (this.#admitted !== null) this.#admitted.requests--;
    this.#admitted = null;
    if (upstream === null) return;
    upstream.endpoint.active--;
    upstream.endpoint.lastUsed = reactor.now;
    if (how === 'abort') upstream.abort();
    else if (how === 'close') upstream.discard();
    else {
      reactor.resume(upstream.socket);
      release(reactor, limits, upstream);
    }
  }
}
