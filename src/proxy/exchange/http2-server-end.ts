/** The endpoint's end of an exchange over HTTP/2: one stream of a shared connection, or a place in the queue for one. */
import { describeErrno } from '../../reactor/errno.ts';
import { CANCEL, CONNECTION_LOST, NO_ERROR } from '../codec/http2/error-codes.ts';
import type { Http2HeadPlan } from '../codec/http2/hpack-encoder.ts';
import type { Http2Head } from '../codec/http2/http2-head.ts';
import type { Http2Stream } from '../codec/http2/http2-stream.ts';
import type { MessageHead } from '../codec/message-head.ts';
import type { Context } from '../context.ts';
import type { ClusterTraffic } from '../endpoints/cluster-traffic.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { http2PoolOf } from '../upstream/http2-pool.ts';
import {
  CLAIMED,
  PENDING_FULL,
  type StreamClaimant,
  type StreamConnection,
  type StreamPool,
  WAITING,
} from '../upstream/stream-pool.ts';
import {
  CROWDED,
  FULL_OF_PENDING,
  type HeadSent,
  type Loss,
  OPEN,
  QUEUED,
  type ServerEnd,
  type ServerEndUser,
} from './ends.ts';

/** How the session words an RST_STREAM that came. */
const BY_PEER = 'the server reset the stream';

export class Http2ServerEnd implements ServerEnd, StreamClaimant {
  readonly outlivesAnswer = true;
  readonly wasStale = false;
  waiting = false;
  traffic: ClusterTraffic | null = null;
  /** ms of the reactor's clock since when the request has waited for a free stream, 0 = it has not. */
  waitingSince: number;
  readonly #context: Context;
  user: ServerEndUser;
  #pool: StreamPool | null = null;
  #stream: Http2Stream | null = null;
  #connection: StreamConnection | null = null;

  constructor(context: Context, user: ServerEndUser, waitingSince: number) {
    this.#context = context;
    this.user = user;
    this.waitingSince = waitingSince;
  }

  get mayHaveArrived(): boolean {
    return this.#stream !== null && this.#connection?.connected === true;
  }

  open(endpoint: Endpoint, traffic: ClusterTraffic | null): number {
    this.traffic = traffic;
    const pool = http2PoolOf(this.#context, endpoint);
    const result = pool.claim(this);
    if (result === CLAIMED) return OPEN;
    if (result > 0) return result;
    if (result === PENDING_FULL) return FULL_OF_PENDING;
    if (result !== WAITING) return CROWDED;
    this.#pool = pool;
    return QUEUED;
  }

  onStream(stream: Http2Stream, connection: StreamConnection): void {
    this.#stream = stream;
    this.#connection = connection;
    if (this.#pool !== null) this.user.onServerReady();
  }

  onNoStream(errno: number): void {
    if (errno > 0) return this.user.onServerLost('unreachable', true, NO_ERROR, describeErrno(errno));
    const { streamWaitMs } = this.#context.limits;
    this.user.onServerLost('crowded', true, NO_ERROR, `no stream became free within ${streamWaitMs} ms`);
  }

  sendHead(head: MessageHead, plan: Http2HeadPlan, end: boolean): HeadSent {
    return this.#stream?.sendHead(head, plan, end) === true ? 'sent' : 'too-large';
  }

  sendData(at: number, length: number, end: boolean): boolean {
    return this.#stream?.sendData(at, length, end) ?? true;
  }

  sendTrailers(head: MessageHead): void {
    this.#stream?.sendTrailers(head);
  }

  consumed(length: number): void {
    this.#stream?.consumed(length);
  }

  /** What is not consumed is not granted again. */
  hold(): void {}

  cancel(code: number): void {
    this.#pool?.withdraw(this);
    const stream = this.#stream;
    this.#stream = null;
    stream?.reset(code);
  }

  complete(requestDone: boolean): void {
    if (requestDone) this.#stream = null;
    else this.cancel(CANCEL);
  }

  // === the stream ===

  onHead(head: Http2Head, end: boolean): void {
    this.user.onAnswerHead(head, end);
  }

  onData(at: number, length: number, end: boolean): void {
    this.user.onAnswerData(at, length, end);
  }

  onTrailers(head: Http2Head): void {
    this.user.onAnswerTrailers(head);
  }

  onWritable(): void {
    this.user.onServerWritable();
  }

  onReset(code: number, unprocessed: boolean, sentence: string): void {
    if (this.#stream === null) return;
    this.#stream = null;
    const { connected = true, broken = false } = this.#connection ?? {};
    const loss = !connected ? 'unreachable' : lossOf(code, unprocessed, broken, sentence);
    this.user.onServerLost(loss, unprocessed || !connected, code, sentence);
  }
}

/** A reset by the endpoint keeps its meaning; what the session itself found wrong is the endpoint's fault. */
function lossOf(code: number, unprocessed: boolean, broken: boolean, sentence: string): Loss {
  if (sentence.startsWith(BY_PEER)) return 'reset';
  if (code === CONNECTION_LOST || (unprocessed && !broken)) return 'lost';
  return 'malformed';
}
