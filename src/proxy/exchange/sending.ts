/** Sends one request to an endpoint, as far as it has come and as it comes, and keeps it for as long as it may be wanted again. */
import type { HeadParser } from '../codec/http1/head.ts';
import type { CompiledEdits } from '../codec/http1/header-edits.ts';
import type { MessageHead } from '../codec/message-head.ts';
import { addFields } from '../codec/own-lines.ts';
import type { Context } from '../context.ts';
import { affinityFields } from '../endpoints/affinity.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { type RequestTraits, readTraits } from '../grpc/request-traits.ts';
import { isIdempotent } from '../idempotent.ts';
import type { Draft } from '../journal/draft.ts';
import type { Try } from '../journal/tries.ts';
import type { Forward } from '../request-delivery.ts';
import { takeRequestNumber } from '../request-id.ts';
import { describeDial } from '../upstream/dial.ts';
import { noteOverflow } from '../upstream/overflow.ts';
import {
  CROWDED,
  FULL_OF_CONNECTIONS,
  FULL_OF_PENDING,
  type HeadSent,
  OPEN,
  QUEUED,
  type Reuse,
  type ServerEnd,
  type ServerEndUser,
} from './ends.ts';
import { Http1ServerEnd } from './http1-server-end.ts';
import { Http2ServerEnd } from './http2-server-end.ts';
import { KeptRequest } from './kept-request.ts';
import { planRequest } from './plan-request.ts';
import { REFUSED_HEADS, type Sent } from './sent.ts';
import { TimeLimit } from './time-limit.ts';
import { TryWatch } from './try-watch.ts';
import { type HttpProtocol, upstreamProtocol } from './upstream-protocol.ts';

const traits: RequestTraits = { isGrpc: false, timeoutField: -1, hasRequestId: false };

export class Sending {
  protected readonly context: Context;
  protected readonly decision: Forward;
  protected readonly kept: KeptRequest;
  readonly #protocol: HttpProtocol;
  server: ServerEnd | null = null;
  /** The endpoint in use, or tried last. */
  endpoint: Endpoint;
  attempts = 0;
  /** Why it was not sent, or came to nothing. */
  failure = '';
  /** After 'refused': the status for the client. */
  refusedStatus = 0;
  /** The request has arrived whole. */
  requestDone: boolean;
  readonly isGrpc: boolean;
  protected readonly isIdempotent: boolean;
  /** 0 = the request came with an id, or shall have none. */
  readonly requestNumber: number;
  /** null: as long as it takes. */
  readonly limit: TimeLimit | null;
  /** null: nobody wants to know how tries go. */
  readonly watch: TryWatch | null;
  /** What is noted of the request for its record; null = nothing. */
  draft: Draft | null = null;
  /** Tries that came to nothing; null = none. */
  tries: Try[] | null = null;
  protected reuse: Reuse = 'fresh';
  /** ms of the reactor's clock since when it has waited at this endpoint for a free stream, a refused one or two between; 0 = never. */
  protected waitingSince = 0;
  /** The endpoint refused the last stream. */
  protected wasRefused = false;
  #isAdmitted = false;

  /** @param head the request; @param end it has no body @param requestNumber -1: a new one where it has none */
  constructor(
    context: Context,
    decision: Forward,
    client: HttpProtocol,
    head: MessageHead,
    end: boolean,
    requestNumber = -1,
  ) {
    const { bytes } = context.reactor.slab;
    const { cluster } = decision;
    this.context = context;
    this.decision = decision;
    this.kept = new KeptRequest(context.exchanges);
    this.#protocol = upstreamProtocol(cluster, client);
    this.endpoint = decision.endpoint;
    this.requestDone = end;
    readTraits(bytes, head, traits);
    this.isGrpc = traits.isGrpc && client === 'http2';
    this.watch = TryWatch.of(context, cluster, this.isGrpc);
    this.isIdempotent = isIdempotent(bytes, head);
    const isOurs = cluster !== null && decision.service !== '';
    const needsId = isOurs && !traits.hasRequestId;
    this.requestNumber = requestNumber >= 0 ? requestNumber : needsId ? takeRequestNumber() : 0;
    this.limit = TimeLimit.of(context.reactor, decision.timeoutMs, head, this.isGrpc ? traits.timeoutField : -1);
  }

  /** @param thrifty not where memory is short */
  protected keep(head: MessageHead, thrifty: boolean): void {
    this.kept.keepHead(head, thrifty, this.#protocol);
  }

  /** Takes a place among the requests of the cluster. False: see `failure`. */
  protected admit(): boolean {
    const { cluster } = this.decision;
    if (cluster !== null && !cluster.traffic.admit(this.context.reactor.now)) {
      this.failure = noteOverflow(this.context, cluster.traffic, 'requests');
      return false;
    }
    this.#isAdmitted = true;
    if (this.isIdempotent && this.requestDone) this.reuse = 'any';
    return true;
  }

  /** Opens an end of the endpoint, and sends what there is. @throws SlabExhausted */
  protected open(head: MessageHead, user: ServerEndUser): Sent {
    const server =
      this.#protocol === 'http2'
        ? new Http2ServerEnd(this.context, user, this.waitingSince)
        : new Http1ServerEnd(this.context, user);
    this.attempts++;
    const { cluster } = this.decision;
    const result = server.open(this.endpoint, cluster === null ? null : cluster.traffic, this.reuse);
    if (result !== OPEN && result !== QUEUED) return this.#notOpened(result);
    this.server = server;
    this.endpoint.active++;
    if (result === OPEN) return this.#send(head, server);
    // What the endpoint refused for lack of room, and waits for room, is still the same attempt.
    if (this.wasRefused) this.attempts--;
    if (this.waitingSince === 0) this.waitingSince = this.context.reactor.now;
    return this.wait(head);
  }

  #notOpened(result: number): Sent {
    const { cluster } = this.decision;
    if (cluster !== null && (result === FULL_OF_CONNECTIONS || result === FULL_OF_PENDING)) {
      const limit = result === FULL_OF_PENDING ? 'pending' : 'connections';
      this.failure = noteOverflow(this.context, cluster.traffic, limit);
      return 'full';
    }
    const isCrowded = result === CROWDED;
    this.watch?.onLoss(this.endpoint, isCrowded ? 'crowded' : 'unreachable', true);
    this.failure = isCrowded ? 'too many requests wait for a free stream' : describeDial(this.endpoint, result);
    return isCrowded ? 'crowded' : 'unreachable';
  }

  /** Keeps the request until it can be sent. @throws SlabExhausted */
  protected wait(head: MessageHead): Sent {
    return this.kept.wait(head, this.#protocol) ? 'sent' : this.#refuse('too-large');
  }

  /** The head, and what was kept of the body. */
  #send(head: MessageHead, server: ServerEnd): Sent {
    const { hasMore } = this.kept;
    const { tls } = this.endpoint;
    const plan = planRequest(this.decision.edits, this.requestNumber, tls !== null && !tls.isMesh, this.draft);
    this.limit?.writeInto(head);
    this.watch?.begin(this.endpoint);
    const result = server.sendHead(head, plan, this.requestDone && !hasMore);
    if (result !== 'sent') return this.#refuse(result);
    if (hasMore && this.kept.sendBody(server, this.requestDone)) server.user.onServerWritable();
    return 'sent';
  }

  #refuse(result: Exclude<HeadSent, 'sent'>): Sent {
    const { status, sentence } = REFUSED_HEADS[result];
    this.refusedStatus = status;
    this.failure = sentence;
    return 'refused';
  }

  /** Passes body bytes on, or keeps them. False: take no more from the client until `onServerWritable`. @throws SlabExhausted */
  sendData(at: number, length: number, end: boolean): boolean {
    if (end) this.requestDone = true;
    this.kept.addBody(at, length);
    if (this.kept.isWaiting || this.server === null) return false;
    return this.server.sendData(at, length, end);
  }

  /** @throws SlabExhausted */
  sendTrailers(head: MessageHead): void {
    this.requestDone = true;
    this.kept.addTrailers(head);
    if (!this.kept.isWaiting) this.server?.sendTrailers(head);
  }

  /** The place in the queue is reached. @throws SlabExhausted */
  sendKept(): Sent {
    const { server } = this;
    const head = this.kept.restoreHead(this.context.parser);
    this.kept.isWaiting = false;
    if (server === null || head === null) return this.#refuse('too-large');
    this.limit?.noteDelay();
    return this.#send(head, server);
  }

  /** The request's head again, where it was kept; valid until the next one is parsed or restored. */
  restoreHead(parser: HeadParser): MessageHead | null {
    return this.kept.restoreHead(parser);
  }

  /** What is changed in the head of the answer: what the route says, and what brings the client back to this endpoint. */
  get answerEdits(): CompiledEdits | null {
    const { affinity, responseEdits } = this.decision;
    if (affinity === null) return responseEdits;
    return addFields(responseEdits, affinityFields(affinity, this.endpoint, Date.now()));
  }

  /** The end of the attempt is gone, or given back. */
  drop(): void {
    if (this.server === null) return;
    this.server = null;
    this.kept.isWaiting = false;
    this.endpoint.active--;
    this.endpoint.lastUsed = this.context.reactor.now;
  }

  /** The request is over. */
  end(): void {
    const { cluster } = this.decision;
    this.drop();
    this.kept.drop();
    if (this.#isAdmitted && cluster !== null) cluster.traffic.requests--;
    this.#isAdmitted = false;
  }
}
