/** The endpoint's end of an exchange over HTTP/1.1: a connection borrowed from the pool. */
import { LARGE_CHUNK, SlabExhausted } from '../../reactor/slab.ts';
import { FRAMING_UNTIL_CLOSE, Http1Head } from '../codec/http1/http1-head.ts';
import { NO_ERROR } from '../codec/http2/error-codes.ts';
import type { Http2HeadPlan } from '../codec/http2/hpack-encoder.ts';
import type { MessageHead } from '../codec/message-head.ts';
import type { Context } from '../context.ts';
import { BodyReader } from '../convert/body-reader.ts';
import { writeChunk, writeTrailers } from '../convert/chunks.ts';
import { BAD_AUTHORITY, type BodyFraming, writeHttp1Request } from '../convert/write-http1.ts';
import type { ClusterTraffic } from '../endpoints/cluster-traffic.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { SlabStash } from '../slab-stash.ts';
import { ANY_IDLE, acquire, FRESH_FOR_UNSAFE_MS, NEVER_IDLE, release } from '../upstream/pool.ts';
import type { UpstreamConnection, UpstreamUser } from '../upstream/upstream-connection.ts';
import { type HeadSent, type Loss, OPEN, type Reuse, type ServerEnd, type ServerEndUser } from './ends.ts';
import { passRequest, plainFraming } from './plain-heads.ts';

const IDLE_LIMITS: Readonly<Record<Reuse, number>> = { any: ANY_IDLE, fresh: FRESH_FOR_UNSAFE_MS, new: NEVER_IDLE };
/** Part of the compose area that heads and chunks may take. */
const COMPOSE = 2 * LARGE_CHUNK;
const ANSWER_TOO_LARGE = 'the head of the answer is larger than the limit';

export class Http1ServerEnd implements ServerEnd, UpstreamUser {
  readonly outlivesAnswer = false;
  wasStale = false;
  /** Not a byte of an answer was seen. */
  #untouched = true;
  readonly #context: Context;
  user: ServerEndUser;
  readonly #body: BodyReader;
  /** Incomplete head of the answer. */
  readonly #stash: SlabStash;
  #upstream: UpstreamConnection | null = null;
  #isHead = false;
  #chunked = false;
  /** The final head of the answer is here. */
  #answering = false;
  #reusable = false;

  constructor(context: Context, user: ServerEndUser) {
    this.#context = context;
    this.user = user;
    const { slab } = context.reactor;
    this.#body = new BodyReader(context.chunked, slab.bytes, false);
    this.#stash = new SlabStash(slab);
  }

  get mayHaveArrived(): boolean {
    return this.#upstream?.connected === true;
  }

  open(endpoint: Endpoint, traffic: ClusterTraffic | null, reuse: Reuse): number {
    const { reactor, limits } = this.#context;
    const upstream = acquire(reactor, limits, endpoint, this, IDLE_LIMITS[reuse], traffic);
    if (typeof upstream === 'number') return upstream;
    this.#upstream = upstream;
    return OPEN;
  }

  sendHead(head: MessageHead, plan: Http2HeadPlan, end: boolean): HeadSent {
    const { slab } = this.#context.reactor;
    this.#isHead = head.isHead;
    if (head instanceof Http1Head) return this.#passHead(head, plan, end);
    const framing = requestFraming(slab.bytes, head, end);
    this.#chunked = framing === 'chunked';
    const n = writeHttp1Request(slab.bytes, head, slab.composeArea, COMPOSE, plan, framing);
    if (n < 0) return n === BAD_AUTHORITY ? 'bad-authority' : 'too-large';
    this.#write(slab.composeArea, n);
    return 'sent';
  }

  #passHead(head: Http1Head, plan: Http2HeadPlan, end: boolean): HeadSent {
    const { bytes, composeArea } = this.#context.reactor.slab;
    this.#chunked = plainFraming(head) === 'chunked';
    let n = passRequest(bytes, head, composeArea, COMPOSE, plan);
    if (n < 0) return 'too-large';
    if (end && this.#chunked) n += writeChunk(bytes, 0, 0, true, composeArea + n);
    this.#write(composeArea, n);
    return 'sent';
  }

  sendData(at: number, length: number, end: boolean): boolean {
    if (!this.#chunked) return this.#write(at, length);
    const { slab } = this.#context.reactor;
    return this.#write(slab.composeArea, writeChunk(slab.bytes, at, length, end, slab.composeArea));
  }

  sendTrailers(head: MessageHead): void {
    // A length given before promises that nothing follows the body.
    if (!this.#chunked) return;
    const { bytes, composeArea } = this.#context.reactor.slab;
    const at = composeArea + COMPOSE;
    this.#write(at, writeTrailers(bytes, head, at));
  }

  #write(at: number, length: number): boolean {
    return this.#upstream === null || this.#context.reactor.write(this.#upstream.socket, at, length);
  }

  hold(): void {
    if (this.#upstream !== null) this.#context.reactor.pause(this.#upstream.socket);
  }

  consumed(): void {
    if (this.#upstream !== null) this.#context.reactor.resume(this.#upstream.socket);
  }

  cancel(): void {
    const upstream = this.#letGo();
    upstream?.abort();
  }

  complete(requestDone: boolean): void {
    const { reactor, limits } = this.#context;
    const reusable = this.#reusable && requestDone;
    const upstream = this.#letGo();
    if (upstream === null) return;
    if (!reusable) return upstream.discard();
    reactor.resume(upstream.socket);
    release(reactor, limits, upstream);
  }

  #letGo(): UpstreamConnection | null {
    const upstream = this.#upstream;
    this.#upstream = null;
    if (upstream !== null) upstream.user = null;
    this.#body.end();
    this.#stash.clear();
    return upstream;
  }

  // === the connection ===

  onUpstreamConnect(): void {}

  onUpstreamDrain(): void {
    this.user.onServerWritable();
  }

  onUpstreamEnd(): void {
    if (this.#answering && this.#body.framing === FRAMING_UNTIL_CLOSE) return this.user.onAnswerData(0, 0, true);
    this.#lost('lost', 'the endpoint closed the connection');
  }

  onUpstreamError(_errno: number, reason: string): void {
    this.#lost(this.#upstream?.connected === false ? 'unreachable' : 'lost', reason);
  }

  #lost(loss: Loss, reason: string): void {
    const upstream = this.#letGo();
    if (upstream === null) return;
    if (upstream.connected && upstream.pooled && this.#untouched) {
      this.wasStale = true;
      upstream.endpoint.idleLesson.observeClose(this.#context.reactor.now, upstream.idledMs);
    }
    upstream.abort();
    this.user.onServerLost(loss, loss === 'unreachable', NO_ERROR, reason);
  }

  onUpstreamData(at: number, length: number): void {
    this.#untouched = false;
    try {
      if (this.#answering) this.#readBody(at, length);
      else if (this.#stash.length > 0) this.#readMore(at, length);
      else this.#readHeads(at, length, 0);
    } catch (error) {
      if (!(error instanceof SlabExhausted)) throw error;
      this.#lost('crowded', 'the proxy is out of buffers');
    }
  }

  /** More of a head that began earlier: as much as fits into the stash, then the rest. */
  #readMore(at: number, length: number): void {
    const seen = this.#stash.length;
    const fits = Math.min(length, LARGE_CHUNK - seen);
    this.#stash.append(at, fits);
    this.#readHeads(this.#stash.at, this.#stash.length, seen);
    if (fits === length || this.#upstream === null) return;
    this.onUpstreamData(at + fits, length - fits);
  }

  /** Heads at `at`: any number of 1xx, then the final one and what follows it. */
  #readHeads(at: number, length: number, seen: number): void {
    const { parser } = this.#context;
    const fromStash = this.#stash.length > 0;
    let from = at;
    let left = length;
    while (left > 0) {
      const n = parser.parseResponse(from, left, this.#isHead ? 'HEAD' : 'other', from === at ? seen : 0);
      if (n < 0) return this.#lost('malformed', parser.head.refusal?.sentence ?? 'the answer is malformed');
      if (n === 0) break;
      from += n;
      left -= n;
      if (parser.head.status >= 200) return this.#begin(parser.head, from, left);
      this.user.onAnswerHead(parser.head, false);
      if (this.#upstream === null) return;
    }
    if (left === LARGE_CHUNK) return this.#lost('malformed', ANSWER_TOO_LARGE);
    if (fromStash) this.#stash.consume(from - at);
    else this.#stash.append(from, left);
  }

  /** The final head is parsed; body bytes may follow at `at`, which may lie in the stash. */
  #begin(head: Http1Head, at: number, length: number): void {
    const body = this.#body;
    if (!body.start(head.framing, head.contentLength)) throw new SlabExhausted('no decoder left');
    this.#answering = true;
    this.#reusable = head.keepAlive && head.framing !== FRAMING_UNTIL_CLOSE;
    if (this.#upstream !== null) this.#upstream.serverIdleMs = head.keepAliveTimeoutMs;
    // Bytes behind a complete answer: nobody asked for them (RFC 9112 9.2).
    if (body.done && length > 0) this.#reusable = false;
    this.user.onAnswerHead(head, body.done);
    if (length > 0 && !body.done) this.#readBody(at, length);
    if (this.#upstream !== null) this.#stash.clear();
  }

  #readBody(at: number, length: number): void {
    const { slab } = this.#context.reactor;
    const body = this.#body;
    let used = 0;
    while (used < length && !body.done && this.#upstream !== null) {
      if (!body.read(at + used, length - used, slab.composeArea)) return this.#lost('malformed', body.refusal);
      used += body.consumed;
      if (body.done && used < length) this.#reusable = false;
      const ends = body.done && !body.hasTrailers;
      if (body.dataLength > 0 || ends) this.user.onAnswerData(body.dataAt, body.dataLength, ends);
      if (body.done && body.hasTrailers) this.#passTrailers();
    }
  }

  #passTrailers(): void {
    const { own } = this.#context.exchanges;
    this.#body.readTrailers(own, this.user.keepsCase);
    this.user.onAnswerTrailers(own);
  }
}

/** Methods for which a request without body and length would be read as one whose length is missing (RFC 9110 8.6). */
const WITH_CONTENT: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

function requestFraming(bytes: Buffer, head: MessageHead, end: boolean): BodyFraming {
  if (head.contentLength >= 0) return 'length';
  if (!end) return 'chunked';
  const { methodAt, methodLength } = head;
  return WITH_CONTENT.has(bytes.toString('latin1', methodAt, methodAt + methodLength)) ? 'empty' : 'none';
}
