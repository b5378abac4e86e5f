import { type Bus, BusError } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import { type Generation, type Meta, metaSchema } from '../contract/messages.ts';
import { DIRECTORY_KEY, META_KEY, type Subjects, serviceOfViewKey, serviceViewKey } from '../contract/subjects.ts';
import type { ServiceKey } from '../contract/views.ts';
import { compileDirectory, compileService, hashView } from '../resources/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import { isBefore } from './agent-table.ts';
import type { MeshState, Touched } from './mesh-state.ts';
import { type Published, readPublished, UNREADABLE } from './read-published.ts';

/** More changed keys than this are not listed in `_meta`: agents then compare all that they hold. */
const MAX_LISTED_KEYS = 500;
/** Room for the message's headers within NATS's default `max_payload`. */
const MAX_BODY_BYTES = 1_000_000;
const RETRY_MS = 500;

/**
 * Compiles what changed and writes it to the view bucket: one write for each service whose content changed, then the
 * directory if it changed, then `_meta`, which tells agents that the generation is complete. Changes that arrive during
 * a publication are taken together in the next one, so a burst costs few publications.
 */
export class Publisher {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #state: MeshState;
  readonly #logger: Logger;
  readonly #dirty = new Set<ServiceKey>();
  #published = new Map<string, Published>();
  #directoryDirty = true;
  /** The newest generation that was begun; gens are never used twice. */
  #generation: Generation = { epoch: 0, gen: 0 };
  /** The newest generation that was completed by its `_meta`. */
  #complete: Generation = { epoch: 0, gen: 0 };
  #metaRevision = 0;
  /** Keys written since the last complete generation. */
  #changed: Record<string, number> = {};
  /** An earlier run wrote views without completing their generation: which ones is not known. */
  #changedUnknown = false;
  #created: string | null = null;
  #lastRevision = 0;
  #metaOwed = false;
  #running: Promise<void> | null = null;
  #loaded = false;
  #held = false;
  #stopped = false;
  /** Changes so far, and how many of them are in the newest complete generation. */
  #touches = 0;
  #publishedTouches = 0;
  #waiters: (() => void)[] = [];
  readonly oversize = new Set<string>();
  publications = 0;
  viewsWritten = 0;
  failures = 0;

  constructor(bus: Bus, subjects: Subjects, state: MeshState, logger: Logger) {
    this.#bus = bus;
    this.#subjects = subjects;
    this.#state = state;
    this.#logger = logger;
  }

  get generation(): Generation {
    return this.#complete;
  }
  /** Nothing is published: the store is new and nothing was ever applied to it. */
  get held(): boolean {
    return this.#held;
  }
  get services(): number {
    return [...this.#published.keys()].filter((key) => key !== DIRECTORY_KEY).length;
  }

  /**
   * Takes over what the store holds. `nowSeconds`, the time since 1970, becomes the epoch of a store that has none: it is
   * higher than that of any store before it.
   */
  async load(nowSeconds: number): Promise<void> {
    const bucket = this.#bus.bucket(this.#subjects.bucket('view'));
    const mark = await bucket.mark();
    this.#created = mark?.created ?? null;
    this.#lastRevision = mark?.lastRevision ?? 0;
    const entries = await bucket.list();
    const meta = entries.find((entry) => entry.key === META_KEY);
    const decoded = meta === undefined ? null : decodeJson(meta.data, metaSchema, MAX_RECORD_BYTES);
    this.#published = readPublished(entries);
    this.#metaRevision = meta?.revision ?? 0;
    if (decoded?.ok === true) {
      const { epoch } = decoded.value;
      // A publication may have been cut off before its `_meta`: no gen that is in the store is used again.
      const gen = Math.max(decoded.value.gen, ...[...this.#published.values()].map(({ version }) => version.gen));
      this.#complete = { epoch, gen: decoded.value.gen };
      this.#generation = { epoch, gen };
      this.#metaOwed = gen > decoded.value.gen;
      this.#changedUnknown = this.#metaOwed;
    } else {
      this.#generation = { epoch: Math.max(nowSeconds, this.#generation.epoch + 1), gen: this.#generation.gen };
      this.#metaOwed = true;
      this.#held = this.#state.resources.list().length === 0;
    }
    this.#markAllDirty();
    this.#loaded = true;
    this.#start();
  }

  /** Publishes even though the store is new. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#start();
  }

  touch({ services, directory, resource }: Touched): void {
    for (const key of services) this.#dirty.add(key);
    if (directory) this.#directoryDirty = true;
    if (resource !== null) this.#held = false;
    this.#touches++;
    this.#start();
  }

  /** The store is not the one that agents know, or it was rolled back behind them: everything gets a higher epoch. */
  raiseEpoch(atLeast: number): void {
    this.#generation = { epoch: Math.max(atLeast, this.#generation.epoch + 1), gen: this.#generation.gen };
    this.#logger.warn({ epoch: this.#generation.epoch }, 'raised the epoch: every view is published again');
    this.#metaOwed = true;
    this.#markAllDirty();
    this.#start();
  }

  /** Puts back what somebody else changed in the bucket. Costs one request while nobody did. Rejects with BusError. */
  async verify(): Promise<void> {
    const bucket = this.#bus.bucket(this.#subjects.bucket('view'));
    const mark = await bucket.mark();
    if (mark === null || this.#running !== null) return;
    const recreated =
      this.#created !== null && (mark.created !== this.#created || mark.lastRevision < this.#lastRevision);
    this.#created = mark.created;
    if (!recreated && mark.lastRevision === this.#lastRevision) return;
    const stored = readPublished(await bucket.list());
    if (this.#running !== null) return;
    this.#lastRevision = mark.lastRevision;
    if (recreated) this.#published.clear();
    let differs = false;
    for (const key of new Set([...this.#published.keys(), ...stored.keys()])) {
      const revision = stored.get(key)?.revision ?? 0;
      const ours = this.#published.get(key);
      if (ours?.revision === revision) continue;
      differs = true;
      this.#published.set(key, { version: UNREADABLE, revision });
    }
    if (recreated) this.raiseEpoch(Math.floor(Date.now() / 1000));
    else if (differs) {
      this.#logger.warn('views were changed by somebody else: publishing ours again');
      this.#markAllDirty();
      this.#start();
    }
  }

  /** Resolves with a generation that holds every change made before the call, however many follow. */
  async settled(): Promise<Generation> {
    const wanted = this.#touches;
    while (this.#running !== null && this.#publishedTouches < wanted) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    return this.#complete;
  }

  stop(): void {
    this.#stopped = true;
  }

  #markAllDirty(): void {
    this.#directoryDirty = true;
    for (const { resource } of this.#state.resources.list('Service')) {
      this.#dirty.add(`${resource.metadata.namespace}/${resource.metadata.name}`);
    }
    for (const key of this.#published.keys()) {
      const service = serviceOfViewKey(key);
      if (service !== null) this.#dirty.add(service);
    }
  }

  #start(): void {
    if (this.#running !== null || !this.#loaded || this.#held || this.#stopped) return;
    this.#running = this.#run().finally(() => {
      this.#running = null;
      this.#wakeWaiters();
      if (this.#due()) this.#start();
    });
  }

  #wakeWaiters(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  #due(): boolean {
    return this.#dirty.size > 0 || this.#directoryDirty || this.#metaOwed;
  }

  async #run(): Promise<void> {
    // One turn of the event loop: a request that changes several resources is published as one generation.
    await Promise.resolve();
    while (!this.#stopped && this.#due()) {
      try {
        await this.#publish();
      } catch (cause) {
        this.failures++;
        this.#logger.warn({ reason: String(cause) }, 'could not publish views; trying again');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #publish(): Promise<void> {
    const touches = this.#touches;
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
      this.#publishedTouches = touches;
      this.#wakeWaiters();
    } catch (cause) {
      for (const key of services) this.#dirty.add(key);
      this.#directoryDirty ||= directory;
      throw cause;
    }
  }

  async #writeView(key: string, body: object, gen: number): Promise<void> {
    const hash = hashView(body);
    const before = this.#published.get(key);
    const { epoch } = this.#generation;
    if (before?.version.hash === hash && before.version.epoch === epoch) return;
    const version = { epoch, gen, hash };
    const text = JSON.stringify({ version, ...body });
    if (Buffer.byteLength(text) > MAX_BODY_BYTES) return this.#refuseOversize(key, text.length);
    this.oversize.delete(key);
    this.#generation = { epoch, gen };
    this.#metaOwed = true;
    const revision = await this.#put(key, text, before?.revision ?? 0);
    this.#published.set(key, { version, revision });
    this.#changed[key] = gen;
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
    if (!this.#published.has(key)) return;
    await this.#bus.bucket(this.#subjects.bucket('view')).remove(key, null);
    this.#published.delete(key);
    delete this.#changed[key];
    this.oversize.delete(key);
  }

  async #writeMeta(): Promise<void> {
    const { epoch } = this.#generation;
    // A generation of its own even if no view changed: what is complete must be newer than what was complete before.
    const gen = Math.max(this.#generation.gen, this.#complete.epoch === epoch ? this.#complete.gen : 0);
    this.#generation = { epoch, gen };
    const count = Object.keys(this.#changed).length;
    const keys = count > MAX_LISTED_KEYS || this.#changedUnknown ? null : this.#changed;
    const meta: Meta = { epoch, gen, previousGen: this.#complete.gen, keys };
    this.#metaRevision = await this.#put(META_KEY, JSON.stringify(meta), this.#metaRevision);
    this.#complete = { epoch, gen };
    this.#changed = {};
    this.#changedUnknown = false;
    this.#metaOwed = false;
    this.publications++;
  }

  /** Compare and set against our own last write; somebody else's write in between is overwritten, once seen. */
  async #put(key: string, text: string, expected: number): Promise<number> {
    const bucket = this.#bus.bucket(this.#subjects.bucket('view'));
    let written = await bucket.write(key, text, expected);
    if (!written.ok) written = await bucket.write(key, text, (await bucket.get(key))?.revision ?? 0);
    if (written.ok) {
      this.#lastRevision = Math.max(this.#lastRevision, written.value);
      return written.value;
    }
    throw new BusError('other', `somebody else is writing the view ${key} too`);
  }

  /** True when an agent claims to have seen something newer than we ever began. */
  isAhead(answer: Generation): boolean {
    return isBefore(this.#generation, answer);
  }
}
