import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '../contract/bus-types.ts';
import { directoryKey, MAX_DIRECTORY_PARTS, partOfDirectoryKey } from '../contract/directory-parts.ts';
import type { Generation } from '../contract/messages.ts';
import { hostViewKey, type Subjects, serviceViewKey } from '../contract/subjects.ts';
import type { ServiceKey } from '../contract/views.ts';
import type { Logger } from '../telemetry/logger.ts';
import { isBefore } from './agent-table.ts';
import { MAX_LISTED_KEYS } from './changed-keys.ts';
import { compileView } from './compile-view.ts';
import { DirectoryParts } from './directory-parts.ts';
import { inParallel } from './in-parallel.ts';
import type { MeshState, Touched } from './mesh-state.ts';
import { PublishCount } from './publish-count.ts';
import { type PublisherHooks, PublishPace } from './publish-pace.ts';
import { ViewWriter } from './view-writer.ts';

const PARALLEL_WRITES = 32;
/** With all parts of the directory no more keys than `_meta` lists, or every agent would read everything again. */
const MAX_VIEWS = MAX_LISTED_KEYS - MAX_DIRECTORY_PARTS;
const RETRY_MS = 500;

/**
 * Compiles what changed and writes it to the view bucket: one write for each service and host whose content changed, then the
 * parts of the directory that changed, then `_meta`, which tells agents that the generation is complete. Changes that arrive during
 * a publication are taken together in the next one, so a burst costs few publications.
 */
export class Publisher {
  readonly views: ViewWriter;
  readonly #state: MeshState;
  readonly #pace: PublishPace;
  readonly #logger: Logger;
  /** Keys of views. */
  readonly #dirty = new Set<string>();
  readonly #directory: DirectoryParts;
  #directoryOwed = true;
  /** Services whose entry in the directory may have changed. */
  readonly #dirtyEntries = new Set<ServiceKey>();
  /** The newest generation that was begun (gens are never used twice), and the newest that its `_meta` completed. */
  #generation: Generation = { epoch: 0, gen: 0 };
  #complete: Generation = { epoch: 0, gen: 0 };
  /** To be claimed before anything more is written; that of `#generation` once it is. */
  #epoch = 0;
  #metaOwed = false;
  #running: Promise<void> | null = null;
  #loaded = false;
  /** Nothing is published. `empty`: nothing was ever applied to this store. `endpoints`: registrations are not back in it yet. */
  held: 'empty' | 'endpoints' | null = null;
  #stopped = false;
  readonly #count = new PublishCount();
  publications = 0;
  failures = 0;

  constructor(bus: Bus, subjects: Subjects, state: MeshState, hooks: PublisherHooks, logger: Logger) {
    this.views = new ViewWriter(bus, subjects, hooks.isLeader, logger);
    this.#state = state;
    this.#directory = new DirectoryParts(state.resources);
    this.#pace = new PublishPace(hooks.moreToCome);
    this.#logger = logger;
  }

  get generation(): Generation {
    return this.#complete;
  }
  /** null: it is not published. */
  versionOf(key: string): Generation | null {
    return this.views.bucket.versionOf(key);
  }

  /**
   * Takes over what the store holds, and begins under an epoch of its own, for a control that led before may still write. `nowSeconds`, the
   * time since 1970, is higher than the epoch of any store before this one. `suspect`: registrations are missing. Rejects with BusError.
   */
  async load(nowSeconds: number, suspect: boolean): Promise<void> {
    const { meta, newest } = await this.views.bucket.load();
    if (meta !== null) this.#complete = { epoch: meta.epoch, gen: meta.gen };
    else this.held = this.#state.resources.list().length === 0 ? 'empty' : 'endpoints';
    if (suspect) this.held = 'endpoints';
    this.#generation = newest;
    this.#epoch = Math.max(nowSeconds, newest.epoch + 1);
    this.views.changed.markUnknown();
    this.#markAllDirty();
    this.#loaded = true;
    this.#start();
  }
  /** Publishes what was held. */
  release(): void {
    this.held = null;
    this.#start();
  }

  touch({ services, hosts, directory, egress, resource }: Touched): void {
    for (const key of services) this.#dirty.add(serviceViewKey(key));
    for (const host of hosts) this.#dirty.add(hostViewKey(host));
    if (directory) for (const key of services) this.#dirtyEntries.add(key);
    if (egress) this.#directory.updateEgress();
    this.#directoryOwed ||= egress;
    if (resource !== null) {
      this.#pace.hurry();
      if (this.held === 'empty') this.held = null;
    }
    this.#count.changed();
    this.#pace.changed();
    this.#start();
  }

  /** True when an agent claims to have seen something newer than we ever began. */
  isAhead(answer: Generation): boolean {
    return isBefore({ epoch: this.#epoch, gen: this.#generation.gen }, answer);
  }

  /** The store is not the one that agents know, or it was rolled back behind them: everything gets a higher epoch. */
  raiseEpoch(atLeast: number): void {
    this.#epoch = Math.max(atLeast, this.#epoch + 1);
    this.#logger.warn({ epoch: this.#epoch }, 'raising the epoch: every view is published again');
    this.#pace.hurry();
    this.#markAllDirty();
    this.#start();
  }

  /** Puts back what somebody else changed in the bucket. Rejects with BusError. */
  async verify(nowSeconds: number): Promise<void> {
    const found = await this.views.bucket.inspect(() => this.#running !== null);
    if (found === 'ours') return;
    this.#logger.warn({ found }, 'the views in the store are not ours: publishing ours again');
    if (found === 'recreated') return this.raiseEpoch(nowSeconds);
    this.#markAllDirty();
    this.#start();
  }

  /** Resolves with a generation that holds every change made before the call, however many follow; null when stopped before. */
  async settled(): Promise<Generation | null> {
    const published = await this.#count.wait(
      () => !this.#stopped && (this.#running !== null || this.held === 'endpoints'),
    );
    return published || !this.#stopped ? this.#complete : null;
  }

  stop(): void {
    this.#stopped = true;
    this.#count.wake();
  }

  #markAllDirty(): void {
    this.#dirtyEntries.clear();
    this.#directory.rebuild(this.views.bucket.keys().filter((key) => partOfDirectoryKey(key) !== null).length);
    this.#directoryOwed = true;
    for (const key of this.#state.resources.frontendKeys()) this.#dirty.add(serviceViewKey(key));
    for (const host of this.#state.hosts.hostsIn(null)) this.#dirty.add(hostViewKey(host));
    for (const key of this.views.bucket.keys()) if (partOfDirectoryKey(key) === null) this.#dirty.add(key);
  }

  #start(): void {
    if (this.#running !== null || !this.#loaded || this.held !== null || this.#stopped) return;
    this.#running = this.#run().finally(() => {
      this.#running = null;
      this.#count.wake();
      if (this.#isDue()) this.#start();
    });
  }

  #isDue(): boolean {
    if (this.#epoch !== this.#generation.epoch || this.#metaOwed) return true;
    return this.#dirty.size > 0 || this.#directoryOwed || this.#dirtyEntries.size > 0;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // A request that changes several resources is published as one generation.
    while (!this.#stopped && this.held === null && this.#isDue()) {
      await this.#pace.next();
      try {
        if (this.#epoch !== this.#generation.epoch) await this.#claimEpoch();
        await this.#publish();
      } catch (cause) {
        this.failures++;
        this.#logger.warn({ reason: String(cause) }, 'could not publish views; trying again');
        await sleep(RETRY_MS);
      }
    }
  }

  /** What is written from now on carries an epoch that no other control has. */
  async #claimEpoch(): Promise<void> {
    const epoch = await this.views.bucket.claimEpoch(this.#epoch);
    this.#epoch = Math.max(this.#epoch, epoch);
    [this.#generation, this.#metaOwed] = [{ epoch, gen: this.#generation.gen }, true];
  }

  /** What is dirty now, in generations that list all their keys. */
  async #publish(): Promise<void> {
    const { changes } = this.#count;
    const left = [...this.#dirty];
    this.#dirty.clear();
    try {
      do {
        await this.#publishSome(left.slice(0, MAX_VIEWS));
        left.splice(0, MAX_VIEWS);
      } while (left.length > 0);
      this.#count.published(changes);
    } catch (cause) {
      for (const key of left) this.#dirty.add(key);
      throw cause;
    }
  }

  async #publishSome(keys: readonly string[]): Promise<void> {
    const gen = this.#generation.gen + 1;
    const removed: string[] = [];
    await inParallel(keys, PARALLEL_WRITES, async (key) => {
      const view = compileView(this.#state, key, this.versionOf(key) !== null);
      if (view.type === 'remove') removed.push(key);
      else if (view.type === 'write') await this.#writeView(key, view.body, gen);
    });
    await this.#publishDirectory(gen);
    // After the directory: agents let go of a service when the directory no longer has it.
    for (const key of removed) await this.views.remove(key);
    if (this.#metaOwed) await this.#writeMeta();
  }

  async #publishDirectory(gen: number): Promise<void> {
    this.#directory.update(this.#dirtyEntries);
    this.#dirtyEntries.clear();
    this.#directoryOwed = false;
    try {
      for (const { part, body } of this.#directory.take()) await this.#writeView(directoryKey(part), body, gen);
      for (let part = this.#directory.count; part < MAX_DIRECTORY_PARTS; part++) {
        await this.views.remove(directoryKey(part));
      }
    } catch (cause) {
      this.#directory.putBack();
      this.#directoryOwed = true;
      throw cause;
    }
  }

  #writeView(key: string, body: object, gen: number): Promise<void> {
    const { epoch } = this.#generation;
    return this.views.write(key, body, { epoch, gen }, () => {
      [this.#generation, this.#metaOwed] = [{ epoch, gen }, true];
    });
  }

  async #writeMeta(): Promise<void> {
    const generation = this.#generation;
    await this.views.complete(generation, this.#complete.gen);
    [this.#complete, this.#metaOwed] = [generation, false];
    this.#pace.published();
    this.publications++;
  }
}
