/**
 * Brings one request to an endpoint and, where that is safe, to another one when the first fails. Sent again is only what
 * provably was not acted on (RFC 9113 8.7), or is idempotent and was kept whole (RFC 9110 9.2.2).
 */
import { SlabExhausted } from '../../reactor/slab.ts';
import type { MessageHead } from '../codec/message-head.ts';
import type { Context } from '../context.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { type RequestTraits, readTraits } from '../grpc/request-traits.ts';
import { isIdempotent } from '../idempotent.ts';
import type { Forward } from '../request-delivery.ts';
import { takeRequestNumber } from '../request-id.ts';
import { describeDial } from '../upstream/dial.ts';
import type { HeadSent, Loss, Reuse, ServerEnd, ServerEndUser } from './ends.ts';
import { CROWDED, OPEN, QUEUED } from './ends.ts';
import { Http1ServerEnd } from './http1-server-end.ts';
import { Http2ServerEnd } from './http2-server-end.ts';
import { KeptRequest } from './kept-request.ts';
import { planRequest } from './plan-request.ts';
import { TimeLimit } from './time-limit.ts';
import { type HttpProtocol, upstreamProtocol } from './upstream-protocol.ts';

/** Sends of one request: the first, and at most two more when the one before provably did not count. */
const MAX_ATTEMPTS = 3;
const traits: RequestTraits = { isGrpc: false, timeoutField: -1, hasRequestId: false };

const REFUSALS = {
  'too-large': 'the request head with the edits of the route is larger than the limit',
  'bad-authority': 'the authority of the request is not a valid host and port',
} as const;

export type Sent =
  | 'sent'
  /** No connection could be had (see `failure`). */
  | 'unreachable'
  /** Too many requests wait already (see `failure`). */
  | 'crowded'
  /** The endpoint's protocol cannot carry it (see `failure`). */
  | 'refused';

export class Delivery {
  readonly #context: Context;
  readonly #user: ServerEndUser;
  readonly #decision: Forward;
  readonly #client: HttpProtocol;
  server: ServerEnd | null = null;
  /** The endpoint in use, or tried last. */
  endpoint: Endpoint;
  attempts = 0;
  /** Why the last attempt failed. */
  failure = '';
  /** After 'refused': the status for the client. */
  refusedStatus = 0;
  /** The request has arrived whole. */
  requestDone: boolean;
  readonly isGrpc: boolean;
  readonly #isIdempotent: boolean;
  /** 0 = the request came with an id, or shall have none. */
  readonly #requestNumber: number;
  /** null: as long as it takes. */
  readonly limit: TimeLimit | null;
  #kept: KeptRequest | null = null;
  #waiting = false;
  #tried: Endpoint[] | null = null;
  #reuse: Reuse = 'fresh';
  /** ms of the reactor's clock since when it has waited at this endpoint for a free stream, a refused one or two between; 0 = never. */
  #waitingSince = 0;
  /** The endpoint refused the last stream. */
  #wasRefused = false;

  /** @param head the request; @param end it has no body */
  constructor(
    context: Context,
    user: ServerEndUser,
    decision: Forward,
    client: HttpProtocol,
    head: MessageHead,
    end: boolean,
  ) {
    const { bytes } = context.reactor.slab;
    this.#context = context;
    this.#user = user;
    this.#decision = decision;
    this.#client = client;
    this.endpoint = decision.endpoint;
    this.requestDone = end;
    readTraits(bytes, head, traits);
    this.isGrpc = traits.isGrpc && client === 'http2';
    this.#isIdempotent = isIdempotent(bytes, head);
    const isOurs = decision.cluster !== null && decision.service !== '';
    this.#requestNumber = isOurs && !traits.hasRequestId ? takeRequestNumber() : 0;
    this.limit = TimeLimit.of(context.reactor, decision.timeoutMs, head, this.isGrpc ? traits.timeoutField : -1);
  }

  /** Sends the request as far as it is there. @throws SlabExhausted */
  begin(head: MessageHead): Sent {
    const kept = new KeptRequest(this.#context.exchanges);
    if (kept.keepHead(head, true)) this.#kept = kept;
    if (this.#isIdempotent && this.requestDone) this.#reuse = 'any';
    return this.#connect(head);
  }

  /** Finds an end for it, and sends what there is. */
  #connect(head: MessageHead): Sent {
    const protocol = upstreamProtocol(this.#decision.cluster, this.#client);
    for (;;) {
      this.attempts++;
      const server =
        protocol === 'http2'
          ? new Http2ServerEnd(this.#context, this.#user, this.#waitingSince)
          : new Http1ServerEnd(this.#context, this.#user);
      const result = server.open(this.endpoint, this.#reuse);
      if (result === OPEN || result === QUEUED) {
        this.server = server;
        this.endpoint.active++;
        if (result === OPEN) return this.#send(head, server);
        // What the endpoint refused for lack of room, and waits for room, is still the same attempt.
        if (this.#wasRefused) this.attempts--;
        if (this.#waitingSince === 0) this.#waitingSince = this.#context.reactor.now;
        return this.#wait(head);
      }
      this.failure =
        result === CROWDED ? 'too many requests wait for a free stream' : describeDial(this.endpoint, result);
      if (!this.#chooseAnother()) return result === CROWDED ? 'crowded' : 'unreachable';
    }
  }

  #wait(head: MessageHead): Sent {
    this.#waiting = true;
    if (this.#kept !== null) return 'sent';
    const kept = new KeptRequest(this.#context.exchanges);
    if (!kept.keepHead(head, false)) return this.#refuse('too-large');
    this.#kept = kept;
    return 'sent';
  }

  /** The head, and what was kept of the body. */
  #send(head: MessageHead, server: ServerEnd): Sent {
    const kept = this.#kept;
    const bodyLength = kept?.bodyLength ?? 0;
    const hasTrailers = kept?.hasTrailers ?? false;
    const plan = planRequest(this.#decision.edits, this.#requestNumber, this.endpoint.tls !== null);
    this.limit?.writeInto(head);
    const result = server.sendHead(head, plan, this.requestDone && bodyLength === 0 && !hasTrailers);
    if (result !== 'sent') return this.#refuse(result);
    if (kept === null || (bodyLength === 0 && !hasTrailers)) return 'sent';
    let left = bodyLength;
    let taken = true;
    kept.forEachPiece((at, length) => {
      left -= length;
      if (!server.sendData(at, length, left === 0 && this.requestDone && !hasTrailers)) taken = false;
    });
    if (hasTrailers) server.sendTrailers(kept.restoreTrailers());
    if (taken) this.#user.onServerWritable();
    return 'sent';
  }

  #refuse(result: Exclude<HeadSent, 'sent'>): Sent {
    this.refusedStatus = result === 'too-large' ? 431 : 400;
    this.failure = REFUSALS[result];
    return 'refused';
  }

  /** Passes body bytes on, or keeps them. False: take no more from the client until `onServerWritable`. @throws SlabExhausted */
  sendData(at: number, length: number, end: boolean): boolean {
    if (end) this.requestDone = true;
    this.#keep(at, length);
    if (this.#waiting || this.server === null) return false;
    return this.server.sendData(at, length, end);
  }

  #keep(at: number, length: number): void {
    if (this.#kept === null) return;
    try {
      if (this.#kept.keepBody(at, length, this.#waiting)) return;
    } catch (error) {
      if (this.#waiting || !(error instanceof SlabExhausted)) throw error;
    }
    this.dropKept();
  }

  /** @throws SlabExhausted */
  sendTrailers(head: MessageHead): void {
    this.requestDone = true;
    if (this.#waiting) {
      if (this.#kept?.keepTrailers(head) === true) return;
      throw new SlabExhausted('no buffer holds such trailers');
    }
    this.dropKept();
    this.server?.sendTrailers(head);
  }

  /** The place in the queue is reached. */
  sendKept(): Sent {
    const { server } = this;
    const kept = this.#kept;
    this.#waiting = false;
    if (server === null || kept === null) return 'refused';
    this.limit?.noteDelay();
    return this.#send(kept.restoreHead(), server);
  }

  /**
   * The attempt failed: sends the request again where that is safe. Null when it is not.
   * @param untouched nothing of an answer was seen
   */
  recover(loss: Loss, unprocessed: boolean, untouched: boolean, reason: string): Sent | null {
    this.failure = reason;
    this.drop();
    const kept = this.#kept;
    if (kept === null || this.attempts >= MAX_ATTEMPTS) return null;
    const harmless = unprocessed || (untouched && loss === 'lost' && this.#isIdempotent && this.requestDone);
    if (!harmless) return null;
    const stays = loss !== 'unreachable' && this.#decision.cluster?.staysWith(this.#decision.hash) === true;
    const moved = !stays && this.#chooseAnother();
    this.#wasRefused = loss === 'reset' && !moved;
    if (!this.#wasRefused) this.#waitingSince = 0;
    if (!moved && (loss === 'unreachable' || loss === 'crowded')) return null;
    if (loss === 'lost' && (!moved || this.attempts === MAX_ATTEMPTS - 1)) this.#reuse = 'new';
    this.limit?.noteDelay();
    return this.#connect(kept.restoreHead());
  }

  /** The end of the attempt is gone, or given back. */
  drop(): void {
    if (this.server === null) return;
    this.server = null;
    this.#waiting = false;
    this.endpoint.active--;
    this.endpoint.lastUsed = this.#context.reactor.now;
  }

  /** An answer has begun, or the exchange is over: the request is never sent again. */
  dropKept(): void {
    this.#kept?.drop();
    this.#kept = null;
  }

  /** Another endpoint of the same cluster; false when there is none or the attempts are used up. */
  #chooseAnother(): boolean {
    const { cluster, hash } = this.#decision;
    if (cluster === null || this.attempts >= MAX_ATTEMPTS) return false;
    this.#tried ??= [];
    this.#tried.push(this.endpoint);
    const next = cluster.pick(this.#context, hash, this.#tried);
    if (next === null || this.#tried.includes(next)) return false;
    this.endpoint = next;
    return true;
  }
}
