/** One request with its response between a client connection and an endpoint. The object is reused for the next request. */
import { describeErrno } from '../reactor/errno.ts';
import { COMPOSE_BYTES, LARGE_CHUNK, SlabExhausted } from '../reactor/slab.ts';
import { BodyFlow } from './body-flow.ts';
import type { RequestKind } from './codec/http1/head.ts';
import { FRAMING_LENGTH, FRAMING_NONE, FRAMING_UNTIL_CLOSE, type Http1Head } from './codec/http1/http1-head.ts';
import { type ConnectionWord, writeHead } from './codec/http1/write-head.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import type { ExchangeClient } from './exchange-client.ts';
import { isIdempotent } from './idempotent.ts';
import { OpaqueRelay } from './opaque-relay.ts';
import { type Forward, RequestDelivery } from './request-delivery.ts';
import { nextRequestId } from './request-id.ts';
import type { RequestSeries } from './request-meter.ts';
import type { ResponseFlag } from './response-flags.ts';
import { SlabStash } from './slab-stash.ts';
import type { UpstreamUser } from './upstream/upstream-connection.ts';

export class Http1Exchange implements UpstreamUser {
  readonly #client: ExchangeClient;
  readonly #request: BodyFlow;
  readonly #response: BodyFlow;
  readonly #delivery: RequestDelivery;
  /** Incomplete response head. */
  readonly #stash: SlabStash;
  active = false;
  /** A final response head was passed on. */
  #answering = false;
  #decision: Forward | null = null;
  #startedAt = 0;
  #kind: RequestKind = 'other';
  #clientKeepsAlive = true;
  #clientMinor = 1;
  #status = 0;
  #closeClient = false;
  #upstreamReusable = false;
  #responseBytes = 0;
  /** Bytes received behind those in hand: they found no place in the stash yet. */
  #behind = 0;

  constructor(client: ExchangeClient) {
    this.#client = client;
    const { chunked, reactor } = client.context;
    this.#request = new BodyFlow(chunked, reactor.slab.bytes, true);
    this.#response = new BodyFlow(chunked, reactor.slab.bytes, false);
    this.#delivery = new RequestDelivery(client.context, this);
    this.#stash = new SlabStash(reactor.slab);
  }

  /** The client's next bytes are the request's body. */
  get wantsBody(): boolean {
    return this.active && !this.#request.done;
  }

  /** ... and the endpoint keeps up with them. */
  get takesBody(): boolean {
    return this.wantsBody && this.#delivery.upstream?.socket.pending === null;
  }

  // === the request ===

  /** Sends the request whose head the parser holds; body bytes may follow at `at`. Returns how many of those were used. */
  begin(decision: Forward, at: number, length: number): number {
    const { context, socket } = this.#client;
    const { reactor, parser } = context;
    const { head } = parser;
    const { slab } = reactor;
    this.#reset(decision, head);
    if (!this.#request.start(head.framing, head.contentLength)) throw new SlabExhausted('no decoder left');
    const out = slab.composeArea;
    const written = writeHead(slab.bytes, head, out, COMPOSE_BYTES, {
      connection: requestConnection(head),
      edits: decision.edits,
      insert: decision.cluster === null ? '' : nextRequestId(head, slab.bytes),
    });
    if (written < 0) {
      this.#fail('DPE', 431, 'the request head with the edits of the route is larger than the limit');
      return 0;
    }
    const body = this.#request.done ? 0 : this.#request.append(at, length, out + written, COMPOSE_BYTES - written);
    if (body < 0) {
      this.#fail('DPE', 400, this.#request.refusal);
      return 0;
    }
    const used = length === 0 || this.#request.framing === FRAMING_NONE ? 0 : this.#request.consumed;
    if (this.#request.done && isIdempotent(slab.bytes, head)) this.#delivery.keepForReplay(out, written + body);
    if (decision.timeoutMs > 0) reactor.setTimer(socket, decision.timeoutMs);
    else reactor.clearTimer(socket);
    this.#send(out, written + body);
    return this.wantsBody && used < length ? used + this.onRequestBody(at + used, length - used) : used;
  }

  #reset(decision: Forward, head: Http1Head): void {
    this.active = true;
    this.#answering = false;
    this.#decision = decision;
    this.#delivery.begin(decision);
    this.#startedAt = this.#client.context.reactor.now;
    this.#kind = head.isHead ? 'HEAD' : head.isConnect ? 'CONNECT' : head.upgrade ? 'upgrade' : 'other';
    this.#clientKeepsAlive = head.keepAlive;
    this.#clientMinor = head.versionMinor;
    this.#status = 0;
    this.#closeClient = false;
    this.#upstreamReusable = true;
    this.#responseBytes = 0;
  }

  #send(at: number, length: number): void {
    const { reactor } = this.#client.context;
    if (!this.#delivery.connect()) return this.#unreachable();
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
        this.#fail('DPE', 400, this.#request.refusal);
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
    this.#upstreamReusable = false;
    this.#closeClient = true;
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
    this.#fail('UT', 504, `no complete answer within ${timeoutMs} ms (route ${route})`);
  }

  /** Gives up on the exchange: whatever it holds is released, the upstream connection is reset, the request is counted. */
  abandon(flag: ResponseFlag): void {
    if (this.active) this.#settle(flag);
  }

  /** Not enough memory to go on with it. The client connection ends, for its bytes may not all have found a place. */
  overload(): void {
    this.#fail('UO', 503, 'the proxy is out of buffers', true);
  }

  // === from the endpoint ===

  onUpstreamConnect(): void {}

  onUpstreamDrain(): void {
    if (this.wantsBody) this.#client.context.reactor.resume(this.#client.socket);
  }

  onUpstreamData(at: number, length: number): void {
    this.#responseBytes += length;
    try {
      if (this.#answering) this.#relayBody(at, length);
      else if (this.#stash.length > 0) this.#continueHead(at, length);
      else this.#readHeads(at, length, 0);
    } catch (error) {
      if (!(error instanceof SlabExhausted)) throw error;
      this.overload();
    }
  }

  onUpstreamEnd(): void {
    if (this.#answering && this.#response.framing === FRAMING_UNTIL_CLOSE) return this.#complete();
    this.#lost('the endpoint closed the connection', false);
  }

  onUpstreamError(errno: number): void {
    this.#lost(describeErrno(errno), true);
  }

  /** The upstream connection is gone before the answer was complete. */
  #lost(reason: string, abrupt: boolean): void {
    if (this.#delivery.upstream === null) return;
    const recovery = this.#delivery.recover(reason, !this.#answering && this.#responseBytes === 0);
    if (recovery === 'sent-again') return;
    if (recovery === 'unreachable') return this.#unreachable();
    if (this.#answering || this.#decision?.cluster === null) return this.#cutShort('UC', reason, abrupt);
    this.#fail('UC', 503, `${this.#delivery.endpoint?.text ?? ''}: ${reason} before it answered`);
  }

  #unreachable(): void {
    const { endpoint, attempts, failure } = this.#delivery;
    if (this.#decision?.cluster === null) {
      // Nobody listens where the program dialled: it sees a refused connection as a reset, as near as a redirect allows.
      this.#note('UF', failure);
      this.#settle('UF');
      return this.#client.finish('unreachable');
    }
    this.#fail('UF', 503, `cannot connect to ${endpoint?.text ?? ''} (attempt ${attempts}): ${failure}`);
  }

  /** A cut answer must look cut; and a program that dialled an address itself sees what its peer did. */
  #cutShort(flag: ResponseFlag, reason: string, abrupt: boolean): void {
    const looksCut = abrupt || this.#answering;
    this.#note(flag, reason);
    this.#settle(flag);
    this.#client.finish(looksCut ? 'reset' : 'closed');
  }

  #note(flag: ResponseFlag, detail: string): void {
    this.#client.record.flag = flag;
    this.#client.record.detail = detail;
  }

  /** Ends the exchange with an answer of our own, or with RST where the endpoint's has already begun. */
  #fail(flag: ResponseFlag, status: number, sentence: string, mustClose = false): void {
    if (!this.active) return;
    if (this.#answering) return this.#cutShort(flag, sentence, true);
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

  // === the answer ===

  /** More of a head that began earlier. Only as much as fits into the stash; the rest follows once the head is read. */
  #continueHead(at: number, length: number): void {
    const upstream = this.#delivery.upstream;
    const seen = this.#stash.length;
    const fits = Math.min(length, LARGE_CHUNK - seen);
    this.#stash.append(at, fits);
    this.#behind = length - fits;
    this.#readHeads(this.#stash.at, this.#stash.length, seen);
    const rest = this.#behind;
    this.#behind = 0;
    // To whoever owns the connection now: this exchange, a tunnel, or nobody.
    const socket = upstream?.socket;
    if (rest > 0 && socket !== undefined && !socket.closed) socket.handler.onData(socket, at + fits, rest);
  }

  /** Response heads at `at`: any number of 1xx, then the final one. */
  #readHeads(at: number, length: number, seen: number): void {
    const { parser } = this.#client.context;
    const fromStash = this.#stash.length > 0;
    let from = at;
    let left = length;
    while (left > 0) {
      const n = parser.parseResponse(from, left, this.#kind, from === at ? seen : 0);
      if (n < 0) return this.#fail('UPE', 502, parser.head.refusal?.sentence ?? 'the answer is malformed');
      if (n === 0) break;
      const { head } = parser;
      if (head.status >= 200 || head.status === 101) return this.#begin(head, from + n, left - n);
      if (this.#clientMinor === 1 && !this.#sendInterim(head))
        return this.#fail('UPE', 502, 'the head of the answer is larger than the limit');
      from += n;
      left -= n;
    }
    if (left === LARGE_CHUNK) return this.#fail('UPE', 502, 'the head of the answer is larger than 64 KiB');
    if (fromStash) this.#stash.consume(from - at);
    else this.#stash.append(from, left);
  }

  /** Passes a 1xx on; HTTP/1.0 clients would take it for the answer (RFC 9110 15.2). */
  #sendInterim(head: Http1Head): boolean {
    const { reactor } = this.#client.context;
    const { slab } = reactor;
    const n = writeHead(slab.bytes, head, slab.composeArea, COMPOSE_BYTES, INTERIM);
    if (n > 0 && !reactor.write(this.#client.socket, slab.composeArea, n)) this.#slowDown();
    return n > 0;
  }

  /** The final response head is parsed; body bytes may follow at `at`. */
  #begin(head: Http1Head, at: number, length: number): void {
    const { context, socket } = this.#client;
    const { reactor } = context;
    const { slab } = reactor;
    const response = this.#response;
    const tunnel = head.status === 101 || (this.#kind === 'CONNECT' && head.status < 300);
    this.#delivery.dropReplay();
    if (!response.start(head.framing, head.contentLength)) throw new SlabExhausted('no decoder left');
    this.#decideReuse(head, tunnel);
    const written = writeHead(slab.bytes, head, slab.composeArea, COMPOSE_BYTES, {
      connection: tunnel ? (head.status === 101 ? 'upgrade' : 'none') : this.#responseConnection(),
      edits: null,
      insert: '',
    });
    if (written < 0) return this.#fail('UPE', 502, 'the head of the answer is larger than the limit');
    const body = tunnel ? 0 : response.append(at, length, slab.composeArea + written, COMPOSE_BYTES - written);
    if (body < 0) return this.#fail('UPE', 502, response.refusal);
    this.#status = head.status;
    this.#answering = true;
    if (tunnel) return this.#tunnel(written, at, length);
    const used = response.framing === FRAMING_NONE ? 0 : response.consumed;
    if (!reactor.write(socket, slab.composeArea, written + body)) this.#slowDown();
    if (response.pending || (used < length && !response.done)) return this.#relayBody(at + used, length - used);
    this.#finishIfDone(length - used);
  }

  /** Which of the two connections may carry another exchange after this one. */
  #decideReuse(head: Http1Head, tunnel: boolean): void {
    const { context, clientEnded } = this.#client;
    const { upstream } = this.#delivery;
    const early = !this.#request.done;
    const untilClose = head.framing === FRAMING_UNTIL_CLOSE;
    // What a client sends behind a refused CONNECT was meant for the tunnel, never a request to us (RFC 9931).
    const refusedTunnel = this.#kind === 'CONNECT' && !tunnel;
    if (early || untilClose || refusedTunnel || !this.#clientKeepsAlive || clientEnded || context.draining())
      this.#closeClient = true;
    if (early || untilClose || !head.keepAlive || this.#kind === 'CONNECT') this.#upstreamReusable = false;
    if (upstream !== null) upstream.serverIdleMs = head.keepAliveTimeoutMs;
  }

  #relayBody(at: number, length: number): void {
    const { context, socket } = this.#client;
    const { reactor } = context;
    const { slab } = reactor;
    const response = this.#response;
    if (response.framing === FRAMING_LENGTH || response.framing === FRAMING_UNTIL_CLOSE) {
      const n = response.take(length);
      if (!reactor.write(socket, at, n)) this.#slowDown();
      return this.#finishIfDone(length - n);
    }
    let used = 0;
    do {
      const n = response.append(at + used, length - used, slab.composeArea, COMPOSE_BYTES);
      if (n < 0) return this.#cutShort('UPE', response.refusal, true);
      used += response.consumed;
      if (n > 0 && !reactor.write(socket, slab.composeArea, n)) this.#slowDown();
    } while ((used < length && !response.done) || response.pending);
    this.#finishIfDone(length - used);
  }

  /** @param unused bytes behind the answer: their connection must never carry another request (RFC 9112 9.2) */
  #finishIfDone(unused: number): void {
    if (!this.#response.done) return;
    if (unused + this.#behind > 0) this.#upstreamReusable = false;
    this.#complete();
  }

  /** The client does not keep up: the endpoint is not read until it does. */
  #slowDown(): void {
    const { upstream } = this.#delivery;
    if (upstream !== null) this.#client.context.reactor.pause(upstream.socket);
  }

  #responseConnection(): ConnectionWord {
    if (this.#closeClient) return 'close';
    return this.#clientMinor === 0 ? 'keep-alive' : 'none';
  }

  /** 101 or 2xx to CONNECT: from here on bytes, both ways. */
  #tunnel(headLength: number, at: number, length: number): void {
    const client = this.#client;
    const { reactor } = client.context;
    const { endpoint } = this.#delivery;
    const upstream = this.#delivery.takeOver();
    if (upstream === null || endpoint === null) return;
    reactor.write(client.socket, reactor.slab.composeArea, headLength);
    client.record.endpoint = endpoint.text;
    const relay = new OpaqueRelay(client.context, client.socket, upstream.socket, endpoint, client.record, null);
    if (length > 0) relay.deliver('client', at, length);
    client.handOver((from, n) => relay.deliver('server', from, n));
    this.#settle('');
    relay.start();
  }

  // === the end ===

  /** The answer is complete. */
  #complete(): void {
    const client = this.#client;
    const early = !this.#request.done;
    this.#settle('');
    if (early || this.#closeClient) return client.finish('closed', early || this.#kind === 'CONNECT');
    client.advance();
  }

  /** Counts the request and lets go of everything it held. */
  #settle(flag: ResponseFlag | ''): void {
    const { endpoint } = this.#delivery;
    if (this.#decision !== null && endpoint !== null)
      this.#seriesFor(this.#decision, endpoint).count(this.#status, flag, this.#seconds());
    this.#release(flag !== '' ? 'abort' : this.#upstreamReusable && this.#request.done ? 'reuse' : 'close');
  }

  #seconds(): number {
    return (this.#client.context.reactor.now - this.#startedAt) / 1000;
  }

  #seriesFor(decision: Forward, endpoint: Endpoint): RequestSeries {
    let series = endpoint.series.get(decision.scope);
    if (series === undefined) {
      const name = decision.cluster === null ? '' : endpoint.text;
      series = this.#client.context.meter.series(this.#client.record.side, decision.service, decision.route, name);
      endpoint.series.set(decision.scope, series);
    }
    return series;
  }

  #release(upstream: 'reuse' | 'close' | 'abort'): void {
    this.#delivery.end(upstream);
    this.#request.end();
    this.#response.end();
    this.#stash.clear();
    this.active = false;
    this.#answering = false;
  }
}

/** A 1xx says nothing about the connection. */
const INTERIM = { connection: 'none', edits: null, insert: '' } as const;

function requestConnection(head: Http1Head): ConnectionWord {
  if (head.upgrade) return 'upgrade';
  return head.versionMinor === 0 && head.keepAlive ? 'keep-alive' : 'none';
}
