import { type Bucket, type Bus, BusError } from '../contract/bus-types.ts';
import type { Subjects } from '../contract/subjects.ts';
import type { Logger } from '../telemetry/logger.ts';

const KEY = 'leader';
const RENEW_MS = 3_000;
const RETRY_MS = 1_000;

/**
 * One control works at a time; others stand by. The lock is a key with a ttl of 10 s, taken and renewed by compare and
 * set. A restarted control with the same id takes its own lock back at once.
 */
export class LeaderLock {
  readonly #bucket: Bucket;
  readonly #bus: Bus;
  readonly #id: string;
  readonly #logger: Logger;
  #revision = 0;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  #said = '';

  constructor(bus: Bus, subjects: Subjects, id: string, logger: Logger) {
    this.#bus = bus;
    this.#bucket = bus.bucket(subjects.bucket('lock'));
    this.#id = id;
    this.#logger = logger;
  }

  /** Resolves when this replica leads; false when stopped first. */
  async acquire(): Promise<boolean> {
    while (!this.#stopped) {
      try {
        if (await this.#take()) return true;
      } catch (cause) {
        this.#logger.debug({ reason: String(cause) }, 'could not ask for the lock');
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    return false;
  }

  /** Renews until lost; `onLost` is called once. While NATS is away nobody can take it, so that is no loss. */
  keep(onLost: () => void): void {
    this.#timer = setInterval(() => {
      if (!this.#bus.connected) return;
      void this.#take().then(
        (held) => {
          if (held || this.#timer === null) return;
          clearInterval(this.#timer);
          this.#timer = null;
          onLost();
        },
        (cause: unknown) => this.#logger.debug({ reason: String(cause) }, 'could not renew the lock'),
      );
    }, RENEW_MS);
    this.#timer.unref();
  }

  async release(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    if (this.#revision === 0 || !this.#bus.connected) return;
    await this.#bucket.remove(KEY, this.#revision).catch(() => {});
  }

  async #take(): Promise<boolean> {
    if (this.#revision > 0) {
      const renewed = await this.#bucket.write(KEY, this.#id, this.#revision);
      if (renewed.ok) {
        this.#revision = renewed.value;
        return true;
      }
    }
    const entry = await this.#bucket.get(KEY);
    const holder = entry === null || entry.deleted ? null : Buffer.from(entry.data).toString('utf8');
    if (holder !== null && holder !== this.#id) {
      this.#revision = 0;
      if (this.#said !== holder) this.#logger.info({ holder }, 'another control leads; standing by');
      this.#said = holder;
      return false;
    }
    const taken = await this.#bucket.write(KEY, this.#id, entry === null || entry.deleted ? 0 : entry.revision);
    if (!taken.ok) throw new BusError('other', 'another control was faster');
    this.#revision = taken.value;
    return true;
  }
}
