/** The client connection of HTTP/1.1 and its exchange, as they see each other. */
import type { Socket } from '../reactor/socket.ts';
import type { ConnectionRecord, Ending } from './connection-record.ts';
import type { Context } from './context.ts';
import type { OwnAnswer } from './own-answer.ts';
import type { Forward } from './request-delivery.ts';
import type { ResponseFlag } from './response-flags.ts';
import type { Expected } from './stall-watch.ts';

export interface ExchangeClient {
  readonly context: Context;
  readonly socket: Socket;
  readonly record: ConnectionRecord;
  /** The client sent FIN, or its connection is to end: the request under way is its last. */
  readonly clientEnded: boolean;
  /** The exchange is over and the connection stays: on to the next request. */
  advance(): void;
  /** Writes an answer that the proxy itself gives, and counts it. */
  answer(answer: OwnAnswer): void;
  /** @param stillSending the client may be in the middle of a body that nobody wants any more */
  finish(ending: Ending, stillSending?: boolean): void;
  /** Gives the client socket to a tunnel; `deliver` gets what the client has already sent. */
  handOver(deliver: (at: number, length: number) => void): void;
}

/** An exchange as its client connection sees it: one object for all requests of the connection, one at a time. */
export interface ClientExchange {
  readonly active: boolean;
  /** The client's next bytes are the request's body. */
  readonly wantsBody: boolean;
  /** ... and the endpoint keeps up. */
  readonly takesBody: boolean;
  /** How often the client was made to wait for the endpoint. */
  readonly pauses: number;
  /** The kernel moves the answer, and the client takes nothing of it at the moment. */
  readonly answerBlocked: boolean;
  /** The client kept its message waiting for too long. */
  stalled(expected: Expected): void;
  /** Sends the request whose head the parser holds; body bytes may follow at `at`. Returns how many of those were used. */
  begin(decision: Forward, at: number, length: number): number;
  /** Passes on body bytes of the client. Returns how many belonged to the body. */
  onRequestBody(at: number, length: number): number;
  /** The client half-closed. */
  onClientEnd(): void;
  /** The client takes bytes again. */
  onClientDrain(): void;
  /** The connection's timer, as the exchange set it. */
  onRequestTimeout(): void;
  /** The client is gone: whatever the exchange holds is released, the request is counted. */
  abandon(flag: ResponseFlag): void;
  /** Not enough memory to go on with it. */
  overload(): void;
}
