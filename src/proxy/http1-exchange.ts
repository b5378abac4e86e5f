/** One request with its response between a client connection and an endpoint. The object is reused for the next request. */
import { SlabExhausted } from '../reactor/slab.ts';
import { type AnswerOwner, AnswerRelay } from './answer-relay.ts';
import type { BodyFlow } from './body-flow.ts';
import type { RequestKind } from './codec/http1/head.ts';
import type { Http1Head } from './codec/http1/http1-head.ts';
import type { ClientExchange, ExchangeClient } from './exchange-client.ts';
import { Http1Tally } from './http1-tally.ts';
import { isIdempotent } from './idempotent.ts';
import { openTunnel } from './open-tunnel.ts';
import { type Forward, RequestDelivery } from './request-delivery.ts';
import { REFUSED_BODY, RequestUpload } from './request-upload.ts';
import type { ResponseFlag } from './response-flags.ts';
import type { Expected } from './stall-watch.ts';
import type { UpstreamUser } from './upstream/upstream-connection.ts';
import { BODY_REFUSED, writeRequest } from './write-request.ts';

export class Http1Exchange implements ClientExchange, UpstreamUser, AnswerOwner {
  readonly #client: ExchangeClient;
  readonly #upload: RequestUpload;
  readonly #delivery: RequestDelivery;
  readonly #answer: AnswerRelay;
  readonly #tally: Http1Tally;
  active = false;
  readonly #request: BodyFlow;
  #kind: RequestKind = 'other';
  #clientKeepsAlive = true;

  constructor(client: ExchangeClient) {
    this.#client = client;
    this.#delivery = new RequestDelivery(client.context, this);
    this.#upload = new RequestUpload(client, this.#delivery);
    this.#request = this.#upload.body;
    this.#answer = new AnswerRelay(client, this.#delivery, this);
    this.#tally = new Http1Tally(client, this.#delivery, this.#upload, this.#answer);
  }

  get requestDone(): boolean {
    return this.#request.done;
  }

  /** The client's next bytes are the request's body. */
  get wantsBody(): boolean {
    return this.active && !this.#request.done;
  }

  /** ... and the endpoint keeps up. */
  get takesBody(): boolean {
    return this.wantsBody && this.#upload.flows;
  }

  get pauses(): number {
    return this.#upload.pauses;
  }

  get answerBlocked(): boolean {
    return this.active && this.#answer.blocked;
  }

  stalled(expected: Expected): void {
    if (!this.active) return;
    if (expected === 'take') this.abandon('SI');
    else this.fail('SI', 408, 'the client sent too little of its request body for too long');
  }

  /** Sends the request whose head the parser holds; body bytes may follow at `at`. Returns how many of those were used. */
  begin(decision: Forward, at: number, length: number): number {
    const { reactor, parser } = this.#client.context;
    const { head } = parser;
    const { slab } = reactor;
    this.#reset(decision, head);
    this.#upload.begin(head);
    const out = slab.composeArea;
    const written = writeRequest(this.#client.context, decision, this.#tally.draft, this.#request, at, length);
    if (written < 0) {
      if (written === BODY_REFUSED) this.fail('DPE', 400, this.#request.refusal);
      else this.fail('DPE', 431, 'the request head with the edits of the route is larger than the limit');
      return 0;
    }
    const used = this.#request.consumed;
    if (this.#request.done && isIdempotent(slab.bytes, head)) this.#delivery.replay.keep(out, written);
    this.#send(out, written);
    return this.wantsBody && used < length ? used + this.onRequestBody(at + used, length - used) : used;
  }

  #reset(decision: Forward, head: Http1Head): void {
    const { context, socket } = this.#client;
    this.active = true;
    this.#tally.begin(decision, head);
    this.#kind = head.isHead ? 'HEAD' : head.isConnect ? 'CONNECT' : head.upgrade ? 'upgrade' : 'other';
    this.#clientKeepsAlive = head.keepAlive;
    this.#delivery.begin(decision);
    this.#answer.begin(this.#kind, head, decision.responseEdits);
    if (decision.timeoutMs > 0) context.reactor.setTimer(socket, decision.timeoutMs);
    else context.reactor.clearTimer(socket);
  }

  #send(at: number, length: number): void {
    if (this.#delivery.connect()) this.#upload.send(at, length);
    else this.#unreachable();
  }

  /** Passes on body bytes of the client. Returns how many belonged to the body. */
  onRequestBody(at: number, length: number): number {
    const used = this.#upload.take(at, length);
    if (used !== REFUSED_BODY) return used;
    this.fail('DPE', 400, this.#request.refusal);
    return length;
  }

  /** The client half-closed: with its request complete it still gets the answer, and the server sees the FIN as it would directly. */
  onClientEnd(): void {
    if (!this.#request.done) {
      this.abandon('DC');
      return this.#client.finish('reset');
    }
    this.#answer.upstreamReusable = false;
    this.#answer.closeClient = true;
    const { upstream } = this.#delivery;
    if (upstream !== null) this.#client.context.reactor.end(upstream.socket);
  }

  /** The client takes bytes again. */
  onClientDrain(): void {
    const { upstream } = this.#delivery;
    if (upstream !== null) this.#client.context.reactor.resume(upstream.socket);
  }

  onRequestTimeout(): void {
    const { timeoutMs = 0, route = '' } = this.#tally.decision ?? {};
    if (!this.#answer.started) this.#delivery.noteFailure('timeout');
    this.fail('UT', 504, `no complete answer within ${timeoutMs} ms (route ${route})`);
  }

  onUpstreamConnect(): void {}

  onUpstreamDrain(): void {
    if (this.wantsBody) this.#client.context.reactor.resume(this.#client.socket);
  }

  onUpstreamData(at: number, length: number): void {
    try {
      this.#answer.onData(at, length);
    } catch (error) {
      if (!(error instanceof SlabExhausted)) throw error;
      this.overload();
    }
  }

  onUpstreamEnd(): void {
    if (this.#answer.endsWithConnection) return this.complete();
    this.#lost('the endpoint closed the connection', false);
  }

  onUpstreamError(_errno: number, reason: string): void {
    this.#lost(reason, true);
  }

  /** The upstream connection is gone before the answer was complete. */
  #lost(reason: string, abrupt: boolean): void {
    if (this.#delivery.upstream === null) return;
    const recovery = this.#delivery.recover(reason, this.#answer.untouched);
    if (recovery === 'sent-again') return;
    if (recovery === 'unreachable') return this.#unreachable();
    if (this.#answer.started || this.#tally.decision?.cluster === null) return this.#cutShort('UC', reason, abrupt);
    this.fail('UC', 503, `${this.#delivery.endpoint?.text ?? ''}: ${reason} before it answered`);
  }

  #unreachable(): void {
    const { failure, failureFlag, failureSentence } = this.#delivery;
    if (this.#tally.decision?.cluster === null) {
      // Nobody listens where the program dialled: it sees a refused connection as a reset, as near as a redirect allows.
      this.#settle('UF', failure);
      return this.#client.finish('unreachable');
    }
    this.fail(failureFlag, 503, failureSentence);
  }

  /** Gives up on the exchange: whatever it holds is released, the upstream connection is reset, the request is counted. */
  abandon(flag: ResponseFlag): void {
    if (this.active) this.#settle(flag);
  }

  /** Not enough memory to go on with it. The client connection ends, for its bytes may not all have found a place. */
  overload(): void {
    this.fail('UO', 503, 'the proxy is out of buffers', true);
  }

  fail(flag: ResponseFlag, status: number, sentence: string, mustClose = false): void {
    if (!this.active) return;
    if (this.#answer.started) return this.#cutShort(flag, sentence, true);
    const client = this.#client;
    const { service = '', route = '', responseEdits: edits = null } = this.#tally.decision ?? {};
    const stillSending = !this.#request.done || this.#kind === 'CONNECT' || mustClose;
    const close = stillSending || !this.#clientKeepsAlive || client.clientEnded || client.context.draining();
    const { seconds } = this.#tally;
    const draft = this.#tally.takeDraft();
    this.#release('abort');
    const isHead = this.#kind === 'HEAD';
    client.answer({ flag, status, sentence, edits, close, service, route, isHead, seconds, draft });
    if (close) client.finish('closed', stillSending);
    else client.advance();
  }

  /** A cut answer must look cut; and a program that dialled an address itself sees what its peer did. */
  #cutShort(flag: ResponseFlag, reason: string, abrupt: boolean): void {
    const ending = abrupt || this.#answer.started ? 'reset' : 'closed';
    this.#settle(flag, reason);
    this.#client.finish(ending);
  }

  complete(): void {
    const client = this.#client;
    const early = !this.#request.done;
    this.#settle('');
    if (early || this.#answer.closeClient) return client.finish('closed', early || this.#kind === 'CONNECT');
    client.advance();
  }

  /** From here on bytes, both ways. */
  tunnel(headLength: number, at: number, length: number): void {
    const { reactor } = this.#client.context;
    reactor.write(this.#client.socket, reactor.slab.composeArea, headLength);
    const relay = openTunnel(this.#client, this.#delivery, at, length);
    this.#settle('');
    relay?.start();
  }

  /** Counts the request and lets go of everything it held. `detail` is for the log. */
  #settle(flag: ResponseFlag | '', detail = ''): void {
    this.#tally.count(flag, detail);
    this.#release(flag !== '' ? 'abort' : this.#answer.upstreamReusable && this.#request.done ? 'reuse' : 'close');
  }

  #release(upstream: 'reuse' | 'close' | 'abort'): void {
    this.#delivery.end(upstream);
    this.#request.end();
    this.#answer.end();
    this.active = false;
  }
}
