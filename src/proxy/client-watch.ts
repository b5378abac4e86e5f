/**
 * Watches a client of HTTP/1.1 that may keep a message waiting: what it holds up is memory here and work at the endpoint. A server
 * may take its time; only routes limit that.
 */
import type { Socket } from '../reactor/socket.ts';
import type { ExchangeClient } from './exchange-client.ts';
import type { Watched } from './janitor.ts';
import type { RequestDesk } from './request-desk.ts';
import { type Expected, StallWatch } from './stall-watch.ts';

const TOOK_NOTHING = 'the client took nothing of its answer for too long';

export class ClientWatch implements Watched {
  place = -1;
  readonly #client: ExchangeClient;
  readonly #desk: Pick<RequestDesk, 'current'>;
  readonly #stall = new StallWatch();

  constructor(client: ExchangeClient, desk: Pick<RequestDesk, 'current'>) {
    this.#client = client;
    this.#desk = desk;
  }

  get socket(): Socket {
    return this.#client.socket;
  }

  look(now: number): void {
    const { stallMs, bodyBytesPerSecond } = this.#client.context.limits;
    const expected = this.#expected();
    const { bytesRead, bytesWritten } = this.socket;
    const moved = expected === 'send' ? bytesRead : bytesWritten;
    const { pauses } = this.#desk.current;
    if (this.#stall.look(now, expected, moved, pauses, stallMs, bodyBytesPerSecond)) this.#giveUp(expected);
  }

  #expected(): Expected {
    const { current } = this.#desk;
    if (this.socket.pending !== null || current.answerBlocked) return 'take';
    return current.takesBody && !this.socket.paused ? 'send' : 'nothing';
  }

  #giveUp(expected: Expected): void {
    const { current } = this.#desk;
    if (current.active) current.stalled(expected);
    else Object.assign(this.#client.record, { flag: 'SI', detail: TOOK_NOTHING });
    this.#client.finish('reset');
  }
}
