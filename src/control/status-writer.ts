import type { Bus } from '../contract/bus-types.ts';
import type { Subjects } from '../contract/subjects.ts';
import type { Problem } from '../core/errors.ts';
import { conditionsOf, KINDS, type ResourceId, resourceId } from '../resources/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { MeshState, Touched } from './mesh-state.ts';

const RETRY_MS = 2_000;

/** Why the newest record of a key is not in force. */
export interface Refusal {
  readonly revision: number;
  readonly problems: readonly Problem[];
}

/**
 * Keeps `towpath_status` equal to what is to be said of each resource: its conditions, and, when somebody put a record
 * that cannot be admitted, why not. Written in the background, only what differs; nothing depends on it.
 */
export class StatusWriter {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #state: MeshState;
  readonly #logger: Logger;
  readonly #refusals = new Map<string, Refusal>();
  readonly #dirty = new Set<string>();
  readonly #written = new Map<string, string>();
  #running = false;
  #stopped = false;

  constructor(bus: Bus, subjects: Subjects, state: MeshState, logger: Logger) {
    this.#bus = bus;
    this.#subjects = subjects;
    this.#state = state;
    this.#logger = logger;
  }

  async load(): Promise<void> {
    this.#written.clear();
    for (const entry of await this.#bus.bucket(this.#subjects.bucket('status')).list()) {
      this.#written.set(entry.key, Buffer.from(entry.data).toString('utf8'));
      this.#dirty.add(entry.key);
    }
    for (const { resource } of this.#state.resources.list()) {
      this.#dirty.add(resourceId(resource));
    }
    this.#start();
  }

  /** Rewrites the records of which a change may have made something else true. */
  touch({ conditions }: Touched): void {
    if (conditions.length === 0) return;
    for (const id of conditions) this.#dirty.add(id);
    this.#start();
  }

  refuse(key: string, refusal: Refusal): void {
    this.#refusals.set(key, refusal);
    this.#dirty.add(key);
    this.#start();
  }

  admit(key: string): void {
    if (this.#refusals.delete(key)) this.#dirty.add(key);
    this.#start();
  }

  refusalOf(key: string): Refusal | null {
    return this.#refusals.get(key) ?? null;
  }

  stop(): void {
    this.#stopped = true;
  }

  #start(): void {
    if (this.#running || this.#stopped || this.#dirty.size === 0) return;
    this.#running = true;
    void this.#run().finally(() => {
      this.#running = false;
      this.#start();
    });
  }

  async #run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    for (const key of this.#dirty) {
      if (this.#stopped) return;
      this.#dirty.delete(key);
      try {
        await this.#write(key);
      } catch (cause) {
        this.#dirty.add(key);
        this.#logger.debug({ key, reason: String(cause) }, 'could not write a status record; trying again');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #write(key: string): Promise<void> {
    const text = this.#statusOf(key);
    if (text === (this.#written.get(key) ?? null)) return;
    const bucket = this.#bus.bucket(this.#subjects.bucket('status'));
    if (text === null) {
      await bucket.remove(key, null);
      this.#written.delete(key);
    } else {
      await bucket.put(key, text);
      this.#written.set(key, text);
    }
  }

  #statusOf(key: string): string | null {
    const id = KINDS.some((kind) => key.startsWith(`${kind}.`)) ? (key as ResourceId) : null;
    const stored = id === null ? undefined : this.#state.resources.get(id);
    const refusal = this.#refusals.get(key) ?? null;
    if (stored === undefined && refusal === null) return null;
    return JSON.stringify({
      /** What is in force; null when no version of the record was ever admitted. */
      generation: stored?.generation ?? null,
      conditions: id === null ? [] : conditionsOf(this.#state.resources, id),
      refused: refusal,
    });
  }
}
