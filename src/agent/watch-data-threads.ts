/** Watches the data threads' heartbeat: while one hangs, traffic must not be sent to it. */
import type { Logger } from '../telemetry/logger.ts';

/** A data thread turns its loop at least every 100 ms; twenty missed turns are no hiccup. */
export const STALL_MS = 2_000;
const CHECK_MS = 500;

export interface StallActions {
  /** Lets the interception lease run out: the kernel stops redirecting. */
  pause(): void;
  resume(): void;
}

export class StallWatch {
  readonly #ageMs: () => number;
  readonly #actions: StallActions;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | null = null;
  #stalled = false;
  #stalls = 0;

  constructor(ageMs: () => number, actions: StallActions, logger: Logger) {
    this.#ageMs = ageMs;
    this.#actions = actions;
    this.#logger = logger;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.check(), CHECK_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  check(): void {
    const ageMs = Math.round(this.#ageMs());
    const stalled = ageMs > STALL_MS;
    if (stalled === this.#stalled) return;
    this.#stalled = stalled;
    if (stalled) {
      this.#stalls++;
      this.#actions.pause();
      this.#logger.error({ heartbeatAgeMs: ageMs }, 'a data thread hangs; the interception lease is paused');
    } else {
      this.#actions.resume();
      this.#logger.warn('the data threads answer again; the interception lease is resumed');
    }
  }

  isStalled(): boolean {
    return this.#stalled;
  }

  stalls(): number {
    return this.#stalls;
  }
}
