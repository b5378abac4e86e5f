/** How much one client may ask for in one turn, so that a burst of small requests does not hold up everybody else. */
import type { Slab } from '../../../reactor/slab.ts';
import type { Http2Config } from './http2-config.ts';

export class TurnBudget {
  readonly #config: Http2Config;
  readonly #slab: Slab;
  #requests = 0;
  #headBytes = 0;

  constructor(config: Http2Config, slab: Slab) {
    this.#config = config;
    this.#slab = slab;
  }

  begin(): void {
    this.#requests = 0;
    this.#headBytes = 0;
  }

  /** A new request. @param headBytes of its decoded field values */
  spend(headBytes: number): void {
    this.#requests++;
    this.#headBytes += headBytes;
  }

  /** This turn has taken enough of the client. Not while buffers are short: what waits would need one. */
  get isSpent(): boolean {
    const { requestsPerTurn, headBytesPerTurn } = this.#config;
    if (this.#requests < requestsPerTurn && this.#headBytes < headBytesPerTurn) return false;
    return this.#slab.freeLargeChunks * 2 > this.#slab.largeChunks + 1;
  }
}
