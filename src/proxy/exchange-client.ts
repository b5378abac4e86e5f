/** The client connection as its exchange sees it. */
import type { Socket } from '../reactor/socket.ts';
import type { ConnectionRecord, Ending } from './connection-record.ts';
import type { Context } from './context.ts';
import type { OwnAnswer } from './own-answer.ts';

export interface ExchangeClient {
  readonly context: Context;
  readonly socket: Socket;
  readonly record: ConnectionRecord;
  /** The client sent FIN. */
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
