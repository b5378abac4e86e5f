/**
 * The two ends of an exchange between unlike, or multiplexed, connections: what the exchange asks of them, and what they tell it.
 * Credit flows by `consumed`: bytes that an end has handed to the exchange and that the other end has taken on.
 */
import type { CompiledEdits } from '../codec/http1/header-edits.ts';
import type { Http2HeadPlan } from '../codec/http2/hpack-encoder.ts';
import type { MessageHead } from '../codec/message-head.ts';
import type { ClusterTraffic } from '../endpoints/cluster-traffic.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { OwnAnswer } from '../own-answer.ts';
import type { Loss } from '../policy/loss.ts';
import type { ResponseFlag } from '../response-flags.ts';
import { TOO_MANY_CONNECTIONS, TOO_MANY_PENDING } from '../upstream/pool.ts';

export type { Loss } from '../policy/loss.ts';

/** The client's end: takes the answer, gives the request (to the `Exchange` itself). */
export interface ClientEnd {
  readonly speaks: 'http1' | 'http2';
  /**
   * An interim (1xx, `end` false) or the final head, with the route's edits. False when it is too large to be written; nothing was
   * sent then.
   */
  sendHead(head: MessageHead, edits: CompiledEdits | null, end: boolean): boolean;
  /** Takes all bytes. False: some wait, send no more until `Exchange.onClientWritable`. */
  sendData(at: number, length: number, end: boolean): boolean;
  /** Ends the answer. */
  sendTrailers(head: MessageHead): void;
  /** That many bytes of the request have gone on. */
  consumed(length: number): void;
  /** The endpoint does not keep up: no more of the request until `consumed`. */
  hold(): void;
  /** The whole answer is ours; nothing of another one was sent. It is counted. The exchange is over. */
  answer(answer: OwnAnswer, isGrpc: boolean): void;
  /** Ends an answer that has begun with a gRPC status of ours. The exchange is over. HTTP/2 only. */
  endGrpc(flag: ResponseFlag, sentence: string): void;
  /** Ends an answer that has begun (or a request that gets none) so that it looks cut. The exchange is over. */
  cut(code: number): void;
  /** Nobody listens where the program dialled: it shall see that as it would without us. The exchange is over. */
  refuse(): void;
  /** The answer is complete, the request too or given up. The exchange is over. @param code HTTP/2: why it was given up */
  complete(code: number): void;
}

/** What the endpoint's end tells its exchange. Heads and bytes are valid during the call only. */
export interface ServerEndUser {
  /** Names of trailers are wanted as HTTP/1.1 has spelled them. */
  readonly keepsCase: boolean;
  /** The place in the queue is reached: send the request now. */
  onServerReady(): void;
  onAnswerHead(head: MessageHead, end: boolean): void;
  onAnswerData(at: number, length: number, end: boolean): void;
  onAnswerTrailers(head: MessageHead): void;
  /** Everything kept back since `sendData` returned false has left. */
  onServerWritable(): void;
  /**
   * The end of it, said at most once and never from within a call to the end.
   * @param unprocessed the endpoint has provably not acted on the request
   * @param code HTTP/2 error code, NO_ERROR with HTTP/1.1
   */
  onServerLost(loss: Loss, unprocessed: boolean, code: number, reason: string): void;
}

/** Results of `ServerEnd.open`; a positive number is an errno. */
export const OPEN = 0;
/** `onServerReady` or `onServerLost` follows. */
export const QUEUED = -1;
/** Too many requests wait there already. */
export const CROWDED = -2;
/** The circuit breaker of the cluster allows no more connections, or no more requests that wait for one. */
export const FULL_OF_CONNECTIONS = TOO_MANY_CONNECTIONS;
export const FULL_OF_PENDING = TOO_MANY_PENDING;

/** Results of `ServerEnd.sendHead`. */
export type HeadSent =
  | 'sent'
  /** Larger than the limit, with the edits of the route. */
  | 'too-large'
  /** The authority is not a host and port. */
  | 'bad-authority';

/** Which connections will do for a request. */
export type Reuse =
  /** May be sent again: any. */
  | 'any'
  /** Must not be sent twice: none that its server may be about to close. */
  | 'fresh'
  /** Has met a dead one: a new one. */
  | 'new';

/** The endpoint's end of one attempt. */
export interface ServerEnd {
  /** Who hears of it. */
  user: ServerEndUser;
  /** The request may go on after the answer is complete. */
  readonly outlivesAnswer: boolean;
  /** Bytes of the request may have reached the endpoint. */
  readonly mayHaveArrived: boolean;
  /** It was lost with a kept-alive connection that its server may have given up before: that says nothing about the server. */
  readonly wasStale: boolean;
  /** @param traffic of the cluster that the request is for, null = the original destination */
  open(endpoint: Endpoint, traffic: ClusterTraffic | null, reuse: Reuse): number;
  sendHead(head: MessageHead, plan: Http2HeadPlan, end: boolean): HeadSent;
  /** Takes all bytes. False: some wait, send no more until `onServerWritable`. */
  sendData(at: number, length: number, end: boolean): boolean;
  sendTrailers(head: MessageHead): void;
  /** That many bytes of the answer have gone on. */
  consumed(length: number): void;
  /** The client does not keep up: no more of the answer until `consumed`. */
  hold(): void;
  /** Gives the request up. Nothing more is heard. */
  cancel(code: number): void;
  /** The answer is complete. Nothing more is heard. */
  complete(requestDone: boolean): void;
}
