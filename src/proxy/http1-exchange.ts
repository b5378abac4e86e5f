/** One request with its response between a client connection and an endpoint. The object is reused for the next request. */
import { describeErrno } from '../reactor/errno.ts';
import { COMPOSE_BYTES, SlabExhausted, SMALL_CHUNK } from '../reactor/slab.ts';
import { BodyFlow } from './body-flow.ts';
import type { RequestKind } from './codec/http1/head.ts';
import { FRAMING_LENGTH, FRAMING_NONE, FRAMING_UNTIL_CLOSE, type Http1Head } from './codec/http1/http1-head.ts';
import { type ConnectionWord, writeHead } from './codec/http1/write-head.ts';
import type { RequestDecision } from './decide-request.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import type { Http1Connection } from './http1-connection.ts';
import { isIdempotent } from './idempotent.ts';
import { OpaqueRelay } from './opaque-relay.ts';
import { nextRequestId } from './request-id.ts';
import type { RequestSeries } from './request-meter.ts';
import type { ResponseFlag } from './response-flags.ts';
import { SlabStash } from './slab-stash.ts';
import { acquire, release } from './upstream/pool.ts';
import type { UpstreamConnection, UpstreamUser } from './upstream/upstream-connection.ts';

type Forward = Extract<RequestDecision, { type: 'forward' }>;

/** Sends of one request: the first, and at most two more when the one before provably did not count. */
const MAX_ATTEMPTS = 3;

export class Http1Exchange implements UpstreamUser {
  readonly #client: Http1Connection;
  readonly #request: BodyFlow;
  readonly #response: BodyFlow;
  /** Incomplete response head. */
  readonly #stash: SlabStash;
  active = false;
  /** A final response head was passed on. */
  answering = false;
  #decision: Forward | null = null;
  #endpoint: Endpoint | null = null;
  #upstream: UpstreamConnection | null = null;
  #series: RequestSeries | null = null;
  #startedAt = 0;
  #kind: RequestKind = 'other';
  #clientKeepsAlive = true;
  #clientMinor = 1;
  #idempotent = false;
  /** The whole request as sent, while it may have to be sent again; -1 = not kept. */
  #replay = -1;
  #replayLength = 0;
  #attempts = 0;
  /** A kept-alive connection failed this request: the next try uses a new one. */
  #afresh = false;
  #tried: Endpoint[] = [];
  #status = 0;
  #closeClient = false;
  #upstreamReusable = false;
  #responseBytes = 0;

  constructor(client: Http1Connection) {
    this.#client = client;
    const { chunked, reactor } = client.context;
    this.#request = new BodyFlow(chunked, reactor.slab.bytes);
    this.#response = new BodyFlow(chunked, reactor.slab.bytes);
    this.#stash = new SlabStash(reactor.slab);
  }

  /** The client's next bytes are the request's body. */
  get wantsBody(): boolean {
    return this.active && !this.#request.done;
  }

  /** Sends the request whose head the parser holds; body bytes may follow at `at`. Returns how many of those were used. */
  begin(decision: Forward, at: number, length: number): number {
    const { context } = this.#client;
    const { head } = context.parser;
    this.#reset(decision, head);
    if (!this.#request.start(head.framing, head.contentLength)) throw new SlabExhausted('no decoder left');
    const { slab } = context.reactor;
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
    this.#keepForReplay(out, written + body);
    if (decision.timeoutMs > 0) context.reactor.setTimer(this.#client.socket, decision.timeoutMs);
    else context.reactor.clearTimer(this.#client.socket);
    this.#send(out, written + body);
    return this.wantsBody && used < length ? used + this.onRequestBody(at + used, length - used) : used;
  }

  /** Passes on body bytes of the client. Returns how many belonged to the body. */
  onRequestBody(at: number, length: number): number {
    const { reactor } = this.#client.context;
    const { slab } = reactor;
    const upstream = this.#upstream;
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
    if (this.#upstream !== null) this.#client.context.reactor.end(this.#upstream.socket);
  }

  /** The client takes bytes again. */
  onClientDrain(): void {
    if (this.#upstream !== null) this.#client.context.reactor.resume(this.#upstream.socket);
  }

  onRequestTimeout(): void {
    if (this.answering) {
      this.abandon('UT');
      return this.#client.finish('timeout');
    }
    this.#fail(
      'UT',
      504,
      `no complete answer within ${this.#decision?.timeoutMs ?? 0} ms (route ${this.#decision?.route ?? ''})`,
    );
  }

  /** Gives up on the exchange: whatever it holds is released, the upstream connection is reset, the request is counted. */
  abandon(flag: ResponseFlag): void {
    if (this.active) this.#settle(flag);
  }

  // === from the endpoint ===

  onUpstreamConnect(): void {}

  onUpstreamDrain(): void {
    if (this.wantsBody) this.#client.context.reactor.resume(this.#client.socket);
  }

  onUpstreamData(at: number, length: number): void {
    this.#responseBytes += length;
    try {
      if (this.answering) this.#relayBody(at, length);
      else if (this.#stash.length > 0) {
        const seen = this.#stash.length;
        if (!this.#stash.append(at, length))
          return this.#fail('UPE', 502, 'the head of the answer is larger than 64 KiB');
        this.#readHeads(this.#stash.at, this.#stash.length, seen);
      } else this.#readHeads(at, length, 0);
    } catch (error) {
      if (!(error instanceof SlabExhausted)) throw error;
      this.#client.overloaded();
    }
  }

  onUpstreamEnd(): void {
    if (this.answering && this.#response.framing === FRAMING_UNTIL_CLOSE) return this.#complete();
    this.#lost('the endpoint closed the connection', false);
  }

  onUpstreamError(errno: number): void {
    this.#lost(describeErrno(errno), true);
  }

  // === sending ===

  #reset(decision: Forward, head: Http1Head): void {
    this.active = true;
    this.answering = false;
    this.#decision = decision;
    this.#endpoint = decision.endpoint;
    this.#series = this.#seriesFor(decision, decision.endpoint);
    this.#startedAt = this.#client.context.reactor.now;
    this.#kind = head.isHead ? 'HEAD' : head.isConnect ? 'CONNECT' : head.upgrade ? 'upgrade' : 'other';
    this.#clientKeepsAlive = head.keepAlive;
    this.#clientMinor = head.versionMinor;
    this.#idempotent = isIdempotent(this.#client.context.reactor.slab.bytes, head);
    this.#attempts = 0;
    this.#afresh = false;
    this.#tried.length = 0;
    this.#status = 0;
    this.#closeClient = false;
    this.#upstreamReusable = true;
    this.#responseBytes = 0;
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

  #keepForReplay(at: number, length: number): void {
    this.#dropReplay();
    if (!this.#idempotent || !this.#request.done || length > SMALL_CHUNK) return;
    const { slab } = this.#client.context.reactor;
    if (slab.freeSmallChunks === 0) return;
    this.#replay = slab.allocate(SMALL_CHUNK);
    slab.bytes.copyWithin(this.#replay, at, at + length);
    this.#replayLength = length;
  }

  #dropReplay(): void {
    if (this.#replay >= 0) this.#client.context.reactor.slab.release(this.#replay);
    this.#replay = -1;
  }

  #send(at: number, length: number): void {
    const { reactor } = this.#client.context;
    const upstream = this.#connect();
    if (upstream === null) return;
    if (!reactor.write(upstream.socket, at, length) && !this.#request.done) reactor.pause(this.#client.socket);
  }

  /** Borrows a connection to the chosen endpoint, or to another one where dialling fails at once. */
  #connect(): UpstreamConnection | null {
    const { reactor, limits } = this.#client.context;
    for (;;) {
      const endpoint = this.#endpoint;
      if (endpoint === null) return null;
      this.#attempts++;
      const upstream = acquire(reactor, limits, endpoint, this, this.#replay >= 0, this.#afresh);
      if (typeof upstream !== 'number') {
        endpoint.active++;
        upstream.requests++;
        this.#upstream = upstream;
        return upstream;
      }
      if (!this.#chooseAnother(endpoint)) {
        this.#unreachable(describeErrno(upstream));
        return null;
      }
    }
  }

  /** Another endpoint of the same cluster after a failure; false when there is none or the attempts are used up. */
  #chooseAnother(failed: Endpoint): boolean {
    const decision = this.#decision;
    if (decision === null || decision.cluster === null || this.#attempts >= MAX_ATTEMPTS) return false;
    this.#tried.push(failed);
    const next = decision.cluster.pick(this.#client.context.random, this.#tried);
    if (next === null || next === failed) return false;
    this.#endpoint = next;
    this.#series = this.#seriesFor(decision, next);
    return true;
  }

  // === losing the endpoint ===

  /** The upstream connection is gone before the answer was complete. */
  #lost(reason: string, abrupt: boolean): void {
    const upstream = this.#upstream;
    const endpoint = this.#endpoint;
    if (upstream === null || endpoint === null) return;
    const { reactor } = this.#client.context;
    this.#upstream = null;
    endpoint.active--;
    if (!upstream.connected) return this.#connectFailed(upstream, endpoint, reason);
    // A kept-alive connection that the server had given up says nothing about the server: it may be tried again, afresh.
    const stale = upstream.requests > 1;
    const untouched = !this.answering && this.#responseBytes === 0;
    upstream.abort();
    if (untouched && this.#replay >= 0 && this.#attempts < MAX_ATTEMPTS && (this.#chooseAnother(endpoint) || stale)) {
      this.#afresh = true;
      const next = this.#connect();
      if (next !== null) reactor.write(next.socket, this.#replay, this.#replayLength);
      return;
    }
    this.#cutShort(reason, abrupt);
  }

  /** Nothing was delivered: what waits on the failed connection may go to another endpoint. */
  #connectFailed(upstream: UpstreamConnection, endpoint: Endpoint, reason: string): void {
    const { reactor } = this.#client.context;
    if (this.#chooseAnother(endpoint)) {
      const next = this.#connect();
      if (next !== null) reactor.movePending(upstream.socket, next.socket);
      upstream.abort();
      return;
    }
    upstream.abort();
    this.#unreachable(reason);
  }

  #cutShort(reason: string, abrupt: boolean): void {
    const { record } = this.#client;
    const { answering } = this;
    if (answering || this.#decision?.cluster === null) {
      // A cut answer must look cut; and a program that dialled an address itself sees what its peer did.
      record.detail = reason;
      this.#settle('UC');
      record.flag = 'UC';
      return this.#client.finish(abrupt || answering ? 'reset' : 'closed');
    }
    this.#fail('UC', 503, `${this.#endpoint?.text ?? ''}: ${reason} before it answered`);
  }

  #unreachable(reason: string): void {
    const decision = this.#decision;
    const { record } = this.#client;
    if (decision !== null && decision.cluster === null) {
      // Nobody listens where the program dialled: it sees a refused connection as a reset, as near as a redirect allows.
      record.flag = 'UF';
      record.detail = reason;
      this.#settle('UF');
      return this.#client.finish('unreachable');
    }
    this.#fail('UF', 503, `cannot connect to ${this.#endpoint?.text ?? ''} (attempt ${this.#attempts}): ${reason}`);
  }

  /** Ends the exchange with an answer of our own. */
  #fail(flag: ResponseFlag, status: number, sentence: string): void {
    const client = this.#client;
    const { active, answering } = this;
    const service = this.#decision?.service ?? '';
    const route = this.#decision?.route ?? '';
    const isHead = this.#kind === 'HEAD';
    const close = !this.#request.done || !this.#clientKeepsAlive || client.clientEnded;
    this.#release(true);
    if (!active) return;
    if (answering) return client.finish('reset');
    client.answer(flag, status, sentence, close, service, route, isHead);
    if (close) client.finish('closed', true);
    else client.advance();
  }

  // === the answer ===

  /** Response heads at `at`: any number of 1xx, then the final one. */
  #readHeads(at: number, length: number, seen: number): void {
    const { context, socket } = this.#client;
    const { parser, reactor } = context;
    const fromStash = this.#stash.length > 0;
    let from = at;
    let left = length;
    while (left > 0) {
      const n = parser.parseResponse(from, left, this.#kind, seen);
      if (n < 0) return this.#fail('UPE', 502, parser.head.refusal?.sentence ?? 'the answer is malformed');
      if (n === 0) {
        if (fromStash) this.#stash.consume(from - at);
        else if (!this.#stash.append(from, left))
          this.#fail('UPE', 502, 'the head of the answer is larger than 64 KiB');
        return;
      }
      const { head } = parser;
      if (head.status >= 200 || head.status === 101) {
        this.#begin(head, from + n, left - n);
        if (fromStash) this.#stash.clear();
        return;
      }
      if (this.#clientMinor === 1) {
        const { slab } = reactor;
        slab.bytes.copyWithin(slab.composeArea, from, from + n);
        reactor.write(socket, slab.composeArea, n);
      }
      from += n;
      left -= n;
      seen = 0;
    }
    if (fromStash) this.#stash.clear();
  }

  /** The final response head is parsed; body bytes may follow at `at`. */
  #begin(head: Http1Head, at: number, length: number): void {
    const { context, socket } = this.#client;
    const { reactor } = context;
    const { slab } = reactor;
    this.#status = head.status;
    this.#dropReplay();
    const tunnel = head.status === 101 || (this.#kind === 'CONNECT' && head.status < 300);
    if (!this.#response.start(head.framing, head.contentLength)) throw new SlabExhausted('no decoder left');
    const early = !this.#request.done;
    if (
      early ||
      !this.#clientKeepsAlive ||
      head.framing === FRAMING_UNTIL_CLOSE ||
      this.#client.clientEnded ||
      context.draining()
    )
      this.#closeClient = true;
    if (early || !head.keepAlive || head.framing === FRAMING_UNTIL_CLOSE || this.#kind === 'CONNECT')
      this.#upstreamReusable = false;
    if (this.#upstream !== null) this.#upstream.serverIdleMs = head.keepAliveTimeoutMs;
    const written = writeHead(slab.bytes, head, slab.composeArea, COMPOSE_BYTES, {
      connection: tunnel ? (head.status === 101 ? 'upgrade' : 'none') : this.#responseConnection(),
      edits: null,
      insert: '',
    });
    if (written < 0) return this.#fail('UPE', 502, 'the head of the answer is larger than the limit');
    this.answering = true;
    if (tunnel) return this.#tunnel(written, at, length);
    const body = this.#response.append(at, length, slab.composeArea + written, COMPOSE_BYTES - written);
    if (body < 0) return this.#fail('UPE', 502, this.#response.refusal);
    const used = this.#response.framing === FRAMING_NONE ? 0 : this.#response.consumed;
    if (!reactor.write(socket, slab.composeArea, written + body)) this.#slowDown();
    if (this.#response.pending || (used < length && !this.#response.done))
      return this.#relayBody(at + used, length - used);
    if (used < length) this.#upstreamReusable = false;
    if (this.#response.done) this.#complete();
  }

  #relayBody(at: number, length: number): void {
    const { socket } = this.#client;
    const { reactor } = this.#client.context;
    const { slab } = reactor;
    const { framing } = this.#response;
    if (framing === FRAMING_LENGTH || framing === FRAMING_UNTIL_CLOSE) {
      const n = this.#response.take(length);
      if (!reactor.write(socket, at, n)) this.#slowDown();
      if (n < length) this.#upstreamReusable = false;
      if (this.#response.done) this.#complete();
      return;
    }
    let used = 0;
    do {
      const n = this.#response.append(at + used, length - used, slab.composeArea, COMPOSE_BYTES);
      if (n < 0) return this.#cutShort(this.#response.refusal, true);
      used += this.#response.consumed;
      if (n > 0 && !reactor.write(socket, slab.composeArea, n)) this.#slowDown();
    } while ((used < length && !this.#response.done) || this.#response.pending);
    if (used < length) this.#upstreamReusable = false;
    if (this.#response.done) this.#complete();
  }

  /** The client does not keep up: the endpoint is not read until it does. */
  #slowDown(): void {
    if (this.#upstream !== null) this.#client.context.reactor.pause(this.#upstream.socket);
  }

  #responseConnection(): ConnectionWord {
    if (this.#closeClient) return 'close';
    return this.#clientMinor === 0 ? 'keep-alive' : 'none';
  }

  /** 101 or 2xx to CONNECT: from here on bytes, both ways. */
  #tunnel(headLength: number, at: number, length: number): void {
    const client = this.#client;
    const upstream = this.#upstream;
    const endpoint = this.#endpoint;
    if (upstream === null || endpoint === null) return;
    const { reactor } = client.context;
    this.#upstream = null;
    upstream.user = null;
    reactor.write(client.socket, reactor.slab.composeArea, headLength);
    this.#count('');
    this.active = false;
    const relay = new OpaqueRelay(client.context, client.socket, upstream.socket, endpoint, client.record, null);
    if (length > 0) relay.deliver('client', at, length);
    client.handOver((from, n) => relay.deliver('server', from, n));
    relay.start();
  }

  /** Both directions are complete. */
  #complete(): void {
    const client = this.#client;
    const early = !this.#request.done;
    this.#settle('');
    if (early || this.#closeClient) return client.finish('closed', early);
    client.waitForNext();
    client.advance();
  }

  /** Counts the request and lets go of everything it held. */
  #settle(flag: ResponseFlag | ''): void {
    this.#count(flag);
    this.#release(flag !== '');
  }

  #count(flag: ResponseFlag | ''): void {
    const seconds = (this.#client.context.reactor.now - this.#startedAt) / 1000;
    this.#series?.count(this.#status, flag, seconds);
  }

  #release(broken: boolean): void {
    const { reactor, limits } = this.#client.context;
    const upstream = this.#upstream;
    this.#upstream = null;
    if (upstream !== null) {
      upstream.endpoint.active--;
      upstream.endpoint.lastUsed = reactor.now;
      if (broken) upstream.abort();
      else if (this.#upstreamReusable && this.#request.done) {
        reactor.resume(upstream.socket);
        release(reactor, limits, upstream);
      } else upstream.discard();
    }
    this.#request.end();
    this.#response.end();
    this.#stash.clear();
    this.#dropReplay();
    this.active = false;
    this.answering = false;
  }
}

function requestConnection(head: Http1Head): ConnectionWord {
  if (head.upgrade) return 'upgrade';
  return head.versionMinor === 0 && head.keepAlive ? 'keep-alive' : 'none';
}
