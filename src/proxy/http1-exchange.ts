/** One request with its response between a client connection and an endpoint. The object is reused for the next request. */
import { describeErrno } from '../reactor/errno.ts';
import { COMPOSE_BYTES, SlabExhausted } from '../reactor/slab.ts';
import { type AnswerOwner, AnswerRelay } from './answer-relay.ts';
import { BodyFlow } from './body-flow.ts';
import type { RequestKind } from './codec/http1/head.ts';
import { FRAMING_LENGTH, type Http1Head } from './codec/http1/http1-head.ts';
import type { ExchangeClient } from './exchange-client.ts';
import { isIdempotent } from './idempotent.ts';
import { openTunnel } from './open-tunnel.ts';
import { type Forward, RequestDelivery } from './request-delivery.ts';
import { seriesOf } from './request-meter.ts';
import type { ResponseFlag } from './response-flags.ts';
import type { UpstreamUser } from './upstream/upstream-connection.ts';
import { BODY_REFUSED, writeRequest } from './write-request.ts';

export class Http1Exchange implements UpstreamUser, AnswerOwner {
  readonly #client: ExchangeClient;
  readonly #request: BodyFlow;
  readonly #delivery: RequestDelivery;
  readonly #answer: AnswerRelay;
  active = false;
  #decision: Forward | null = null;
  #startedAt = 0;
  #kind: RequestKind = 'other';
  #clientKeepsAlive = true;

  constructor(client: ExchangeClient) {
    this.#client = client;
    const { chunked, reactor } = client.context;
    this.#request = new BodyFlow(chunked, reactor.slab.bytes, true);
    this.#delivery = new RequestDelivery(client.context, this);
    this.#answer = new AnswerRelay(client, this.#delivery, this);
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
    return this.wantsBody && this.#delivery.upstream?.socket.pending === null;
  }

  /** Sends the request whose head the parser holds; body bytes may follow at `at`. Returns how many of those were used. */
  begin(decision: Forward, at: number, length: number): number {
    const { reactor, parser } = this.#client.context;
    const { head } = parser;
    const { slab } = reactor;
    this.#reset(decision, head);
    if (!this.#request.start(head.framing, head.contentLength)) throw new SlabExhausted('no decoder left');
    const out = slab.composeArea;
    const written = writeRequest(this.#client.context, decision, this.#request, at, length);
    if (written < 0) {
      if (written === BODY_REFUSED) this.fail('DPE', 400, this.#request.refusal);
      else this.fail('DPE', 431, 'the request head with the edits of the route is larger than the limit');
      return 0;
    }
    const used = this.#request.consumed;
    if (this.#request.done && isIdempotent(slab.bytes, head)) this.#delivery.keepForReplay(out, written);
    this.#send(out, written);
    return this.wantsBody && used < length ? used + this.onRequestBody(at + used, length - used) : used;
  }

  #reset(decision: Forward, head: Http1Head): void {
    const { context, socket } = this.#client;
    this.active = true;
    this.#decision = decision;
    this.#startedAt = context.reactor.now;
    this.#kind = head.isHead ? 'HEAD' : head.isConnect ? 'CONNECT' : head.upgrade ? 'upgrade' : 'other';
    this.#clientKeepsAlive = head.keepAlive;
    this.#delivery.begin(decision);
    this.#answer.begin(this.#kind, head);
    if (decision.timeoutMs > 0) context.reactor.setTimer(socket, decision.timeoutMs);
    else context.reactor.clearTimer(socket);
  }

  #send(at: number, length: number): void {
    if (!this.#delivery.connect()) return this.#unreachable();
    const { reactor } = this.#client.context;
    const { upstream } = this.#delivery;
    if (upstream !== null && !reactor.write(upstream.socket, at, length) && !this.#request.done)
      reactor.pause(this.#client.socket);
  }

  /** Passes on body bytes of the client. Returns how many belonged to the body. */
  onRequestBody(at: number, length: number): number {
    const { reactor } = this.#client.context;
    const { slab } = reactor;
    const { upstream } = this.#delivery;
    if (upstream === null) return length;
    if (this.#request.framing === FRAMING_LENGTH) {
      const n = this.#request.take(length);
      if (!reactor.write(upstream.socket, at, n)) reactor.pause(this.#client.socket);
      return n;
    }
    let used = 0;
    do {
      const n = this.#request.append(at + used, length - used, slab.composeArea, COMPOSE_BYTES);
      if (n < 0) {
        this.fail('DPE', 400, this.#request.refusal);
        return length;
      }
      used += this.#request.consumed;
      if (n > 0 && !reactor.write(upstream.socket, slab.composeArea, n)) reactor.pause(this.#client.socket);
    } while ((used < length && !this.#request.done) || this.#request.pending);
    return used;
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
    const { timeoutMs = 0, route = '' } = this.#decision ?? {};
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

  onUpstreamError(errno: number): void {
    this.#lost(describeErrno(errno), true);
  }

  /** The upstream connection is gone before the answer was complete. */
  #lost(reason: string, abrupt: boolean): void {
    if (this.#delivery.upstream === null) return;
    const recovery = this.#delivery.recover(reason, this.#answer.untouched);
    if (recovery === 'sent-again') return;
    if (recovery === 'unreachable') return this.#unreachable();
    if (this.#answer.started || this.#decision?.cluster === null) return this.#cutShort('UC', reason, abrupt);
    this.fail('UC', 503, `${this.#delivery.endpoint?.text ?? ''}: ${reason} before it answered`);
  }

  #unreachable(): void {
    const { endpoint, attempts, failure } = this.#delivery;
    if (this.#decision?.cluster === null) {
      // Nobody listens where the program dialled: it sees a refused connection as a reset, as near as a redirect allows.
      this.#settle('UF', failure);
      return this.#client.finish('unreachable');
    }
    this.fail('UF', 503, `cannot connect to ${endpoint?.text ?? ''} (attempt ${attempts}): ${failure}`);
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
    const { service = '', route = '' } = this.#decision ?? {};
    const stillSending = !this.#request.done || this.#kind === 'CONNECT' || mustClose;
    const close = stillSending || !this.#clientKeepsAlive || client.clientEnded || client.context.draining();
    const seconds = this.#seconds();
    this.#release('abort');
    client.answer({ flag, status, sentence, close, service, route, isHead: this.#kind === 'HEAD', seconds });
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
    const { endpoint } = this.#delivery;
    const { context, record } = this.#client;
    if (flag !== '') Object.assign(record, { flag, detail });
    if (this.#decision !== null && endpoint !== null)
      seriesOf(context.meter, record.side, this.#decision, endpoint).count(this.#answer.status, flag, this.#seconds());
    this.#release(flag !== '' ? 'abort' : this.#answer.upstreamReusable && this.#request.done ? 'reuse' : 'close');
  }

  #seconds(): number {
    return (this.#client.context.reactor.now - this.#startedAt) / 1000;
  }

  #release(upstream: 'reuse' | 'close' | 'abort'): void {
    this.#delivery.end(upstream);
    this.#request.end();
    this.#answer.end();
    this.active = false;
  }
}
