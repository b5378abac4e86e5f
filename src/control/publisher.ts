import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '../contract/bus-types.ts';
import type { Generation } from '../contract/messages.ts';
import { DIRECTORY_KEY, type Subjects, serviceOfViewKey, serviceViewKey } from '../contract/subjects.ts';
import { type ServiceKey, serviceKey } from '../contract/views.ts';
import { compileDirectory, compileService, hashView } from '../resources/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import { isBefore } from './agent-table.ts';
import { ChangedKeys } from './changed-keys.ts';
import type { MeshState, Touched } from './mesh-state.ts';
import { PublishCount } from './publish-count.ts';
import { ViewBucket } from './view-bucket.ts';

/** Room for the message's headers within NATS's default `max_payload`. */
const MAX_BODY_BYTES = 1_000_000;
const RETRY_MS = 500;
/** Under a burst of requests, changes of this time go out as one generation. */
const GATHER_MS = 50;

export interface PublisherHooks {
  /** Further changes are waiting to be admitted, so a publication is worth delaying a little. */
  readonly moreToCome: () => boolean;
  /** Asks the store, now, whether this control holds the lock. */
  readonly isLeader: () => Promise<boolean>;
}

/**
 * Compiles what changed and writes it to the view bucket: one write for each service whose content changed, then the
 * directory if it changed, then `_meta`, which tells agents that the generation is complete. Changes that arrive during
 * a publication are taken together in the next one, so a burst costs few publications.
 */
export class Publisher {
  readonly #views: ViewBucket;
  readonly #state: MeshState;
  readonly #hooks: PublisherHooks;
  readonly #logger: Logger;
  readonly #dirty = new Set<ServiceKey>();
  #directoryDirty = true;
  /** The newest generation that was begun; gens are never used twice. */
  #generation: Generation = { epoch: 0, gen: 0 };
  /** The newest generation that was completed by its `_meta`. */
  #complete: Generation = { epoch: 0, gen: 0 };
  readonly #changed = new ChangedKeys();
  #metaOwed = false;
  #running: Promise<void> | null = null;
  #loaded = false;
  /** Nothing is published: the store is new and nothing was ever applied to it. */
  held = false;
  #stopped = false;
  readonly #count = new PublishCount();
  readonly oversize = new Set<string>();
  publications = 0;
  viewsWritten = 0;
  failures = 0;

  constructor(bus: Bus, subjects: Subjects, state: MeshState, hooks: PublisherHooks, logger: Logger) {
    this.#views = new ViewBucket(bus, subjects, hooks.isLeader);
    this.#state = state;
    this.#hooks = hooks;
    this.#logger = logger;
  }

  get generation(): Generation {
    return this.#complete;
  }
  get services(): number {
    return this.#views.keys().length - (this.#views.versionOf(DIRECTORY_KEY) === null ? 0 : 1);
  }

  /**
   * Takes over what the store holds, and begins. `nowSeconds`, the time since 1970, becomes the epoch of a store that has
   * none: it is higher than that of any store before it. Rejects with BusError.
   */
  async load(nowSeconds: number): Promise<void> {
    const meta = await this.#views.load();
    if (meta !== null) {
      // A publication may have been cut off before its `_meta`: no gen that is in the store is used again.
      const gen = Math.max(meta.gen, this.#views.newestGen());
      this.#complete = { epoch: meta.epoch, gen: meta.gen };
      this.#generation = { epoch: meta.epoch, gen };
      this.#metaOwed = gen > meta.gen;
      if (this.#metaOwed) this.#changed.markUnknown();
    } else {
      this.#generation = { epoch: nowSeconds, gen: 0 };
      this.#metaOwed = true;
      this.held = this.#state.resources.list().length === 0;
    }
    this.#markAllDirty();
    this.#loaded = true;
    this.#start();
  }

  /** Publishes even though the store is new. */
  release(): void {
    this.held = false;
    this.#start();
  }

  touch({ services, directory, resource }: Touched): void {
    for (const key of services) this.#dirty.add(key);
    if (directory) this.#directoryDirty = true;
    if (resource !== null) this.held = false;
    this.#count.changed();
    this.#start();
  }

  /** True when an agent claims to have seen something newer than we ever began. */
  isAhead(answer: Generation): boolean {
    return isBefore(this.#generation, answer);
  }

  /** The store is not the one that agents know, or it was rolled back behind them: everything gets a higher epoch. */
  raiseEpoch(atLeast: number): void {
    this.#generation = { epoch: Math.max(atLeast, this.#generation.epoch + 1), gen: this.#generation.gen };
    this.#logger.warn({ epoch: this.#generation.epoch }, 'raised the epoch: every view is published again');
    this.#metaOwed = true;
    this.#markAllDirty();
    this.#start();
  }

  /** Puts back what somebody else changed in the bucket. Rejects with BusError. */
  async verify(nowSeconds: number): Promise<void> {
    const found = await this.#views.inspect(() => this.#running !== null);
    if (found === 'ours') return;
    this.#logger.warn({ found }, 'the views in the store are not ours: publishing ours again');
    if (found === 'recreated') return this.raiseEpoch(nowSeconds);
    this.#markAllDirty();
    this.#start();
  }

  /** Resolves with a generation that holds every change made before the call, however many follow; null when stopped before. */
  async settled(): Promise<Generation | null> {
    const published = await this.#count.wait(() => this.#running !== null);
    return published || !this.#stopped ? this.#complete : null;
  }

  stop(): void {
    this.#stopped = true;
  }

  #markAllDirty(): void {
    this.#directoryDirty = true;
    for (const { resource } of this.#state.resources.list('Service')) {
      this.#dirty.add(serviceKey(resource.metadata.namespace, resource.metadata.name));
    }
    for (const key of this.#views.keys()) {
      const service = serviceOfViewKey(key);
      if (service !== null) this.#dirty.add(service);
    }
  }

  #start(): void {
    if (this.#running !== null || !this.#loaded || this.held || this.#stopped) return;
    this.#running = this.#run().finally(() => {
      this.#running = null;
      this.#count.wake();
      if (this.#isDue()) this.#start();
    });
  }

  #isDue(): boolean {
    return this.#dirty.size > 0 || this.#directoryDirty || this.#metaOwed;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // A request that changes several resources is published as one generation.
    while (!this.#stopped && this.#isDue()) {
      const deadline = performance.now() + GATHER_MS;
      while (this.#hooks.moreToCome() && performance.now() < deadline) await sleep(1);
      try {
        await this.#publish();
      } catch (cause) {
        this.failures++;
        this.#logger.warn({ reason: String(cause) }, 'could not publish views; trying again');
        await sleep(RETRY_MS);
      }
    }
  }

  async #publish(): Promise<void> {
    const { changes } = this.#count;
    const services = [...this.#dirty];
    const directory = this.#directoryDirty;
    this.#dirty.clear();
    this.#directoryDirty = false;
    const gen = this.#generation.gen + 1;
    try {
      const removed: string[] = [];
      for (const key of services) {
        const body = compileService(this.#state.resources, this.#state.endpoints, key);
        if (body === null) removed.push(serviceViewKey(key));
        else await this.#writeView(serviceViewKey(key), body, gen);
      }
      if (directory) await this.#writeView(DIRECTORY_KEY, { services: compileDirectory(this.#state.resources) }, gen);
      // After the directory: agents let go of a service when the directory no longer has it.
      for (const key of removed) await this.#removeView(key);
      if (this.#metaOwed) await this.#writeMeta();
      this.#count.published(changes);
    } catch (cause) {
      for (const key of services) this.#dirty.add(key);
      this.#directoryDirty ||= directory;
      throw cause;
    }
  }

  async #writeView(key: string, body: object, gen: number): Promise<void> {
    const hash = hashView(body);
    const before = this.#views.versionOf(key);
    const { epoch } = this.#generation;
    if (before?.hash === hash && before.epoch === epoch) return;
    const version = { epoch, gen, hash };
    const text = JSON.stringify({ version, ...body });
    if (Buffer.byteLength(text) > MAX_BODY_BYTES) return this.#refuseOversize(key, text.length);
    this.oversize.delete(key);
    this.#generation = { epoch, gen };
    this.#metaOwed = true;
    await this.#views.putView(key, version, text);
    this.#changed.note(key, gen);
    this.viewsWritten++;
  }

  #refuseOversize(key: string, length: number): void {
    if (this.oversize.has(key)) return;
    this.oversize.add(key);
    this.#logger.error(
      { key, length, limit: MAX_BODY_BYTES },
      'a view is too large to publish: agents keep the one before',
    );
  }

  async #removeView(key: string): Promise<void> {
    if (this.#views.versionOf(key) === null) return;
    await this.#views.remove(key);
    this.#changed.forget(key);
    this.oversize.delete(key);
  }

  async #writeMeta(): Promise<void> {
    const { epoch, gen } = this.#generation;
    await this.#views.putMeta({ epoch, gen, previousGen: this.#complete.gen, keys: this.#changed.listed() });
    this.#complete = { epoch, gen };
    this.#changed.clear();
    this.#metaOwed = false;
    this.publications++;
  }
}
