/** The endpoint's answer on its way to the client: interim heads, the final one, the body. */

import { COMPOSE_BYTES, LARGE_CHUNK, SlabExhausted } from '../reactor/slab.ts';
import { BodyFlow } from './body-flow.ts';
import type { RequestKind } from './codec/http1/head.ts';
import type { CompiledEdits } from './codec/http1/header-edits.ts';
import { FRAMING_LENGTH, FRAMING_NONE, FRAMING_UNTIL_CLOSE, type Http1Head } from './codec/http1/http1-head.ts';
import { type ConnectionWord, type HeadPlan, NO_FIELDS, writeHead } from './codec/http1/write-head.ts';
import type { ExchangeClient } from './exchange-client.ts';
import type { Draft } from './journal/draft.ts';
import type { RequestDelivery } from './request-delivery.ts';
import type { ResponseFlag } from './response-flags.ts';
import { SlabStash } from './slab-stash.ts';

/** The exchange that the answer belongs to. */
export interface AnswerOwner {
  /** The client's request has arrived whole. */
  readonly requestDone: boolean;
  /** Ends the exchange with an answer of our own, or with RST where this one has begun. */
  fail(flag: ResponseFlag, status: number, sentence: string): void;
  /** The answer is complete. */
  complete(): void;
  /** The head of 101, or of 2xx to CONNECT, lies in the compose area; what follows at `at` is the tunnel's. */
  tunnel(headLength: number, at: number, length: number): void;
}

/** A 1xx says nothing about the connection. */
const INTERIM: HeadPlan = { connection: 'none', edits: null, insert: NO_FIELDS };
const TOO_LARGE = 'the head of the answer is larger than the limit';

export class AnswerRelay {
  readonly #client: ExchangeClient;
  readonly #delivery: RequestDelivery;
  readonly #owner: AnswerOwner;
  readonly #body: BodyFlow;
  /** Incomplete head. */
  readonly #stash: SlabStash;
  #kind: RequestKind = 'other';
  /** Of the final head. */
  #edits: CompiledEdits | null = null;
  #clientKeepsAlive = true;
  #clientMinor = 1;
  /** A final head was passed on. */
  started = false;
  /** Of the final head, 0 = none yet. */
  status = 0;
  /** Not a byte of an answer was seen. */
  untouched = true;
  /** The client connection ends with this exchange. */
  closeClient = false;
  /** The upstream connection may carry another request. */
  upstreamReusable = false;
  /** What is noted of the request; null = nothing. */
  draft: Draft | null = null;
  /** Bytes received behind those in hand: they found no place in the stash yet. */
  #behind = 0;

  constructor(client: ExchangeClient, delivery: RequestDelivery, owner: AnswerOwner) {
    this.#client = client;
    this.#delivery = delivery;
    this.#owner = owner;
    const { chunked, reactor } = client.context;
    this.#body = new BodyFlow(chunked, reactor.slab.bytes, false);
    this.#stash = new SlabStash(reactor.slab);
  }

  /** Expects the answer to the request with that head. @param edits what the route changes in it */
  begin(kind: RequestKind, request: Http1Head, edits: CompiledEdits | null): void {
    this.#kind = kind;
    this.#edits = edits;
    this.#clientKeepsAlive = request.keepAlive;
    this.#clientMinor = request.versionMinor;
    this.started = false;
    this.status = 0;
    this.untouched = true;
    this.closeClient = false;
    this.upstreamReusable = true;
  }

  /** Bytes of the answer's body that have passed, without framing. */
  get passed(): number {
    return this.#body.passed;
  }

  /** The body under way ends with the connection. */
  get endsWithConnection(): boolean {
    return this.started && this.#body.framing === FRAMING_UNTIL_CLOSE;
  }

  /** The kernel moves the body, and the client takes nothing of it at the moment. */
  get blocked(): boolean {
    return this.#body.blocked;
  }

  /** @throws SlabExhausted */
  onData(at: number, length: number): void {
    this.untouched = false;
    if (this.started) this.#relayBody(at, length);
    else if (this.#stash.length > 0) this.#continueHead(at, length);
    else this.#readHeads(at, length, 0);
  }

  /** Gives back what it holds. */
  end(): void {
    this.#body.end();
    this.#stash.clear();
    this.started = false;
  }

  /** More of a head that began earlier. Only as much as fits into the stash; the rest follows once the head is read. */
  #continueHead(at: number, length: number): void {
    const socket = this.#delivery.upstream?.socket;
    const seen = this.#stash.length;
    const fits = Math.min(length, LARGE_CHUNK - seen);
    this.#stash.append(at, fits);
    this.#behind = length - fits;
    this.#readHeads(this.#stash.at, this.#stash.length, seen);
    const rest = this.#behind;
    this.#behind = 0;
    // To whoever owns the connection now: this exchange, a tunnel, or nobody.
    if (rest > 0 && socket !== undefined && !socket.closed) socket.handler.onData(socket, at + fits, rest);
  }

  /** Heads at `at`: any number of 1xx, then the final one. */
  #readHeads(at: number, length: number, seen: number): void {
    const { parser } = this.#client.context;
    const fromStash = this.#stash.length > 0;
    let from = at;
    let left = length;
    while (left > 0) {
      const n = parser.parseResponse(from, left, this.#kind, from === at ? seen : 0);
      if (n < 0) return this.#refuse(parser.head.refusal?.sentence ?? 'the answer is malformed');
      if (n === 0) break;
      const { head } = parser;
      if (head.status >= 200 || head.status === 101) return this.#start(head, from + n, left - n);
      if (this.#clientMinor === 1 && !this.#sendInterim(head)) return this.#refuse(TOO_LARGE);
      from += n;
      left -= n;
    }
    if (left === LARGE_CHUNK) return this.#refuse(TOO_LARGE);
    if (fromStash) this.#stash.consume(from - at);
    else this.#stash.append(from, left);
  }

  #refuse(sentence: string): void {
    this.#delivery.noteFailure('reset');
    this.#owner.fail('UPE', 502, sentence);
  }

  /** Passes a 1xx on; HTTP/1.0 clients would take it for the answer (RFC 9110 15.2). */
  #sendInterim(head: Http1Head): boolean {
    const { slab } = this.#client.context.reactor;
    const n = writeHead(slab.bytes, head, slab.composeArea, COMPOSE_BYTES, INTERIM);
    if (n > 0) this.#write(slab.composeArea, n);
    return n > 0;
  }

  /** The final head is parsed; body bytes may follow at `at`. */
  #start(head: Http1Head, at: number, length: number): void {
    const { slab } = this.#client.context.reactor;
    const body = this.#body;
    const tunnel = head.status === 101 || (this.#kind === 'CONNECT' && head.status < 300);
    this.#delivery.noteAnswer(head.status);
    if (this.draft !== null) this.#client.context.journal.noteAnswer(this.draft, slab.bytes, head);
    if (!body.start(head.framing, head.contentLength)) throw new SlabExhausted('no decoder left');
    this.#decideReuse(head, tunnel);
    const written = writeHead(slab.bytes, head, slab.composeArea, COMPOSE_BYTES, {
      connection: tunnel ? (head.status === 101 ? 'upgrade' : 'none') : this.#connectionWord(head.versionMinor),
      edits: tunnel ? null : this.#delivery.answerEdits(this.#edits),
      insert: NO_FIELDS,
    });
    if (written < 0) return this.#refuse(TOO_LARGE);
    const n = tunnel ? 0 : body.append(at, length, slab.composeArea + written, COMPOSE_BYTES - written);
    if (n < 0) return this.#refuse(body.refusal);
    this.status = head.status;
    this.started = true;
    if (tunnel) return this.#owner.tunnel(written, at, length);
    const used = body.framing === FRAMING_NONE ? 0 : body.consumed;
    this.#write(slab.composeArea, written + n);
    if (used === length && this.#startSplicing()) return;
    if (body.pending || (used < length && !body.done)) return this.#relayBody(at + used, length - used);
    this.#finishIfDone(length - used);
  }

  /** Which of the two connections may carry another exchange after this one. */
  #decideReuse(head: Http1Head, tunnel: boolean): void {
    const { context, clientEnded } = this.#client;
    const { upstream } = this.#delivery;
    const early = !this.#owner.requestDone;
    const untilClose = head.framing === FRAMING_UNTIL_CLOSE;
    // What a client sends behind a refused CONNECT was meant for the tunnel, never a request to us (RFC 9931).
    const refusedTunnel = this.#kind === 'CONNECT' && !tunnel;
    if (early || untilClose || refusedTunnel || !this.#clientKeepsAlive || clientEnded || context.draining())
      this.closeClient = true;
    if (early || untilClose || !head.keepAlive || this.#kind === 'CONNECT') this.upstreamReusable = false;
    if (upstream !== null) upstream.serverIdleMs = head.keepAliveTimeoutMs;
  }

  /** HTTP/1.0 on either side does not take staying open for granted. */
  #connectionWord(answerMinor: number): ConnectionWord {
    if (this.closeClient) return 'close';
    return this.#clientMinor === 0 || answerMinor === 0 ? 'keep-alive' : 'none';
  }

  #relayBody(at: number, length: number): void {
    const { slab } = this.#client.context.reactor;
    const body = this.#body;
    if (body.framing === FRAMING_LENGTH || body.framing === FRAMING_UNTIL_CLOSE) {
      const n = body.take(length);
      this.#write(at, n);
      if (this.#startSplicing()) return;
      return this.#finishIfDone(length - n);
    }
    let used = 0;
    do {
      const n = body.append(at + used, length - used, slab.composeArea, COMPOSE_BYTES);
      if (n < 0) return this.#refuse(body.refusal);
      used += body.consumed;
      if (n > 0) this.#write(slab.composeArea, n);
    } while ((used < length && !body.done) || body.pending);
    this.#finishIfDone(length - used);
  }

  /** True: the kernel moves the rest of the body. */
  #startSplicing(): boolean {
    const { upstream } = this.#delivery;
    // More may be in hand, and the endpoint may still be taking the request.
    if (!this.#body.isLong || upstream === null || this.#behind > 0 || !this.#owner.requestDone) return false;
    return this.#body.splice(this.#client.context.reactor, upstream.socket, this.#client.socket, () =>
      this.#finishIfDone(0),
    );
  }

  /** @param unused bytes behind the answer: their connection must never carry another request (RFC 9112 9.2) */
  #finishIfDone(unused: number): void {
    if (!this.#body.done) return;
    if (unused + this.#behind > 0) this.upstreamReusable = false;
    this.#owner.complete();
  }

  /** To the client. When it does not keep up, the endpoint is not read until it does. */
  #write(at: number, length: number): void {
    const { reactor } = this.#client.context;
    if (reactor.write(this.#client.socket, at, length)) return;
    const { upstream } = this.#delivery;
    if (upstream !== null) reactor.pause(upstream.socket);
  }
}
