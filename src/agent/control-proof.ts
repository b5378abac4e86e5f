/** What a message claims of generations is proved by the store, one question at a time, however many such messages come. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Generation } from '../contract/messages.ts';
import { isLeap } from './control-generation.ts';

/** A replica of the store may lag behind what is true. */
const TRIES = 10;
const PAUSE_MS = 100;

export class ClaimProof {
  readonly #ask: () => Promise<void>;
  readonly #known: () => Generation | null;
  #asking = false;

  /** @param ask reads the store; `known` tells what it said */
  constructor(ask: () => Promise<void>, known: () => Generation | null) {
    this.#ask = ask;
    this.#known = known;
  }

  /** Asks until what is claimed is no leap any more, a second at most. */
  prove(claimed: Generation): void {
    if (this.#asking) return;
    this.#asking = true;
    void this.#prove(claimed).finally(() => {
      this.#asking = false;
    });
  }

  async #prove(claimed: Generation): Promise<void> {
    for (let tries = 0; tries < TRIES && isLeap(claimed, this.#known()); tries++) {
      await this.#ask().catch(() => {});
      if (isLeap(claimed, this.#known())) await sleep(PAUSE_MS, undefined, { ref: false });
    }
  }
}
