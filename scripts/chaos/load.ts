/** The steady load of the caller, and what it adds up to over a scenario. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { TestLab } from '../../test/network/support/lab.ts';
import { LineClient } from './line-client.ts';
import type { Tally } from './open-loop-client.ts';
import { addTally, emptyTotal, type Total } from './total.ts';

const CLIENT = fileURLToPath(new URL('open-loop-client.ts', import.meta.url));

export class Load {
  readonly #client: LineClient;
  #total: Total = emptyTotal();

  /** `rate` requests a second from the caller to the service orders, by its virtual IP. */
  constructor(lab: TestLab, virtualIp: string, rate: number) {
    this.#client = new LineClient(lab, 'caller', CLIENT, [virtualIp, '80', 'orders.shop', String(rate)]);
  }

  /** All requests that were due since the last take, once they have ended. */
  async take(): Promise<Tally> {
    const tally = (await this.#client.ask('take')) as Tally;
    this.#total = addTally(this.#total, tally);
    return tally;
  }

  /** What was due within the next `ms`. */
  async sample(ms: number): Promise<Tally> {
    await this.take();
    await sleep(ms);
    return this.take();
  }

  /** Everything since the last reset. */
  async reset(): Promise<Total> {
    await this.take();
    const total = this.#total;
    this.#total = emptyTotal();
    return total;
  }

  async end(): Promise<void> {
    await this.#client.end();
  }
}
