import { type Bucket, type Bus, BusError } from '../contract/bus-types.ts';
import type { Subjects } from '../contract/subjects.ts';
import type { Logger } from '../telemetry/logger.ts';

/** The lock ends by itself after this time without a renewal. */
export const LOCK_TTL_MS = 10_000;
const KEY = 'leader';
const RENEW_MS = 3_000;
const RETRY_MS = 1_000;

/**
 * One control works at a time; others stand by. The lock is a key with a ttl, taken and renewed by compare and set; its
 * value names the replica and its run. Who holds it can never be certain (a paused process learns late that it lost it), so
 * every write of a leader is a compare and set too, and asks `isHeld` before it overwrites what somebody else wrote.
 */
export class LeaderLock {
  readonly #bucket: Bucket;
  readonly #bus: Bus;
  readonly #id: string;
  readonly #value: string;
  readonly #logger: Logger;
  #revision = 0;
  #renewedAt = 0;
  #stopped = false;
  #wake: () => void = () => {};
  #said = '';

  /** `boot` tells two runs of the same replica apart, and two replicas that were given the same id. */
  constructor(bus: Bus, subjects: Subjects, who: { readonly id: string; readonly boot: string }, logger: Logger) {
    this.#bus = bus;
    this.#bucket = bus.bucket(subjects.bucket('lock'));
    this.#id = who.id;
    this.#value = `${who.id} ${who.boot}`;
    this.#logger = logger;
    bus.onState((state) => {
      if (state !== 'reconnected') return;
      this.#renewedAt = performance.now();
      this.#wake();
    });
  }

  /**
   * Resolves when this replica leads; false when stopped first. `reclaim`: this run has not led yet, so a lock under its
   * id was left behind by a run that ended, and is taken at once.
   */
  async acquire(reclaim: boolean): Promise<boolean> {
    while (!this.#stopped) {
      try {
        if (await this.#take(reclaim)) return true;
      } catch (cause) {
        this.#logger.debug({ reason: String(cause) }, 'could not ask for the lock');
      }
      await this.#pause(RETRY_MS);
    }
    return false;
  }

  /**
   * Renews until lost or released. Lost: somebody else has it, or nobody could be asked for a whole ttl while connected. While
   * NATS is away nobody can take it, so that is no loss.
   */
  async keep(onLost: () => void): Promise<void> {
    while (!this.#stopped) {
      await this.#pause(RENEW_MS);
      if (this.#stopped || !this.#bus.connected) continue;
      try {
        if (await this.#take(false)) continue;
      } catch (cause) {
        this.#logger.debug({ reason: String(cause) }, 'could not renew the lock');
        if (performance.now() - this.#renewedAt < LOCK_TTL_MS) continue;
      }
      if (!this.#stopped) onLost();
      return;
    }
  }

  /** Asks the store who leads, now. Rejects with BusError. */
  async isHeld(): Promise<boolean> {
    const entry = await this.#bucket.get(KEY);
    const held = entry !== null && !entry.deleted && Buffer.from(entry.data).toString('utf8') === this.#value;
    if (!held) this.#wake(); // The loop that keeps it finds out now.
    return held;
  }

  async release(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    if (this.#revision === 0 || !this.#bus.connected) return;
    await this.#bucket.remove(KEY, this.#revision).catch(() => {});
  }

  async #take(reclaim: boolean): Promise<boolean> {
    if (this.#revision > 0) {
      const renewed = await this.#bucket.write(KEY, this.#value, this.#revision);
      if (renewed.ok) return this.#taken(renewed.value);
    }
    const entry = await this.#bucket.get(KEY);
    const holder = entry === null || entry.deleted ? null : Buffer.from(entry.data).toString('utf8');
    if (holder !== null && holder !== this.#value && !(reclaim && holder.split(' ', 1)[0] === this.#id)) {
      this.#revision = 0;
      if (this.#said !== holder) this.#logger.info({ holder }, 'another control leads; standing by');
      this.#said = holder;
      return false;
    }
    const taken = await this.#bucket.write(KEY, this.#value, entry === null || entry.deleted ? 0 : entry.revision);
    if (!taken.ok) throw new BusError('other', 'another control was faster');
    return this.#taken(taken.value);
  }

  #taken(revision: number): true {
    this.#revision = revision;
    this.#renewedAt = performance.now();
    return true;
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
