/** Lets an answer go that is not passed on, with its connection where that costs little. */
import type { Timed } from '../../reactor/timer-wheel.ts';
import { CANCEL } from '../codec/http2/error-codes.ts';
import type { Context } from '../context.ts';
import type { ServerEnd, ServerEndUser } from './ends.ts';

/** A longer body, or one that takes longer, costs the connection. */
const MOST_BYTES = 65_536;
const MOST_MS = 1_000;

/**
 * @param ended the answer is complete already @param requestDone so is the request
 */
export function letAnswerGo(context: Context, server: ServerEnd, ended: boolean, requestDone: boolean): void {
  if (ended) return server.complete(requestDone);
  // A stream costs nothing to reset; a connection that still takes the request cannot be kept.
  if (server.outlivesAnswer || !requestDone) return server.cancel(CANCEL);
  server.user = new AnswerDrain(context, server);
}

class AnswerDrain implements ServerEndUser, Timed {
  readonly keepsCase = false;
  deadline = 0;
  wheelTick = -1;
  readonly #context: Context;
  readonly #server: ServerEnd;
  #bytes = 0;

  constructor(context: Context, server: ServerEnd) {
    this.#context = context;
    this.#server = server;
    context.exchanges.deadlines.set(this, MOST_MS);
  }

  onAnswerData(_at: number, length: number, end: boolean): void {
    this.#bytes += length;
    if (end) return this.#end(true);
    if (this.#bytes > MOST_BYTES) return this.#end(false);
    this.#server.consumed(length);
  }

  onAnswerTrailers(): void {
    this.#end(true);
  }

  onServerLost(): void {
    this.#context.exchanges.deadlines.clear(this);
  }

  onDeadline(): void {
    this.#end(false);
  }

  #end(complete: boolean): void {
    this.#context.exchanges.deadlines.clear(this);
    if (complete) this.#server.complete(true);
    else this.#server.cancel(CANCEL);
  }

  onServerReady(): void {}
  onAnswerHead(): void {}
  onServerWritable(): void {}
}
