import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, Unsubscriber } from '../contract/bus-types.ts';
import { directoryKey, partOfDirectoryKey } from '../contract/directory-parts.ts';
import type { HostView } from '../contract/host-view.ts';
import type { Ack, Generation, Meta } from '../contract/messages.ts';
import { hostViewKey, META_KEY, type Subjects, serviceOfViewKey, serviceViewKey } from '../contract/subjects.ts';
import { type DirectoryView, type ServiceKey, type ServiceView, serviceKey } from '../contract/views.ts';
import type { Logger } from '../telemetry/logger.ts';
import { DirectoryAssembly, GATHER_MS } from './control-directory.ts';
import { followViews, readMeta, readViews } from './control-follow.ts';
import { compareGenerations, isLeap, keysBehind, keysToRead, overtake } from './control-generation.ts';
import { HeldVersions } from './control-held-views.ts';
import { ClaimProof } from './control-proof.ts';
import type { ControlLinkEvents, HeldViews } from './control-types.ts';

/** A program cannot make the agent follow more services than this by dialling them. */
const MAX_DEMANDED = 10_000;
const PARALLEL_READS = 16;
/** A replica may lag for a moment: what it says is read again that often, at this distance. */
const LAG = { retries: 10, pauseMs: 100 } as const;
const READ_RETRY_MS = 1_000;

/**
 * Keeps the directory and the demanded services fresh: subscribe, then read, then compare on a timer. Of a burst the newest view of each key
 * counts. Views never step back. Everything happens in one loop (`#work`): a generation is answered when nothing of it is under way.
 */
export class ViewFollower {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #hostKey: string;
  readonly #events: ControlLinkEvents;
  readonly #logger: Logger;
  readonly #answer: (ack: Ack) => void;
  readonly #views: HeldVersions;
  readonly #directory = new DirectoryAssembly();
  readonly #demanded = new Map<ServiceKey, Unsubscriber>();
  readonly #arrived = new Map<string, Uint8Array>();
  readonly #toRead = new Set<string>();
  /** Keys read since a generation was settled, with the newest that was known then: their view is as new as that. */
  readonly #read = new Map<string, Generation>();
  #meta: Meta | null = null;
  #settled: Generation | null = null;
  #lagTries = 0;
  readonly #proof = new ClaimProof(
    () => this.refresh(),
    () => this.#meta,
  );
  #working = false;
  #wokenAgain = false;
  stopped = false;
  #freshAt: number | null = null;

  constructor(
    bus: Bus,
    subjects: Subjects,
    host: string,
    events: ControlLinkEvents,
    logger: Logger,
    answer: (ack: Ack) => void,
  ) {
    this.#bus = bus;
    this.#hostKey = hostViewKey(host);
    this.#subjects = subjects;
    this.#events = events;
    this.#logger = logger;
    this.#views = new HeldVersions((view, key) => this.#apply(view, key), logger);
    this.#answer = answer;
  }

  resume(held: HeldViews): void {
    // Of one in several parts the versions of the parts are not known any more: they are read again.
    if (held.directory !== null && (held.directory.parts ?? 1) === 1) {
      this.#directory.put(0, held.directory, performance.now());
      this.#directory.take();
      this.#views.versions.set(directoryKey(0), held.directory.version);
    }
    if (held.host !== undefined) this.#views.versions.set(this.#hostKey, held.host.version);
    for (const view of held.services) {
      const key = serviceKey(view.namespace, view.name);
      this.#views.versions.set(serviceViewKey(key), view.version);
      this.demand(key);
    }
  }

  start(): void {
    for (const key of ['dir.*', this.#hostKey]) this.#follow(key);
    this.#bus.subscribe(this.#subjects.republished('view', META_KEY), ({ data }) => this.#takeMeta(data, 'message'));
  }

  demand(key: ServiceKey): void {
    if (this.#demanded.has(key)) return;
    const viewKey = serviceViewKey(key);
    if (serviceOfViewKey(viewKey) !== key || !/^[-_a-zA-Z0-9.]+$/.test(viewKey)) return;
    if (this.#demanded.size >= MAX_DEMANDED) {
      this.#logger.error({ key, limit: MAX_DEMANDED }, 'too many services are in use here: this one is not followed');
      return;
    }
    this.#demanded.set(key, this.#follow(viewKey));
    this.#toRead.add(viewKey);
    this.#wake();
  }

  /** Compares everything with the store, now. Rejects with BusError when the store cannot be read. */
  async refresh(): Promise<void> {
    const entry = await this.#bus.bucket(this.#subjects.bucket('view')).get(META_KEY);
    this.#lagTries = 0;
    for (const key of this.#keys()) if (!this.#views.versions.has(key)) this.#toRead.add(key);
    if (entry !== null && !entry.deleted) this.#takeMeta(entry.data, 'store');
    else this.#wake();
    // Said again even if nothing is new: control may have been restarted, or its store rolled back behind us.
    if (this.#settled !== null) this.#answer(this.#views.ackOf(this.#settled));
  }

  /** Forgets what is settled, so that every view is read and compared again. */
  async resync(): Promise<void> {
    this.#settled = null;
    for (const key of this.#keys()) this.#toRead.add(key);
    await this.refresh();
  }

  stats() {
    return {
      viewAgeSeconds: this.#freshAt === null ? null : (performance.now() - this.#freshAt) / 1000,
      acknowledged: this.#settled,
      directory: this.#directory.version(),
      services: [...this.#demanded.keys()].map((key) => {
        return { key, version: this.#views.versions.get(serviceViewKey(key)) ?? null };
      }),
      ...this.#views.counts(),
    };
  }

  #keys(): string[] {
    return [this.#hostKey, ...this.#directory.keys(), ...[...this.#demanded.keys()].map(serviceViewKey)];
  }

  #follow(key: string): Unsubscriber {
    return followViews(this.#bus, this.#subjects, key, (stored, data) => {
      this.#arrived.set(stored, data);
      this.#wake();
    });
  }

  #takeMeta(data: Uint8Array, from: 'message' | 'store'): void {
    const meta = readMeta(data, this.#views);
    if (meta === null) return;
    if (from === 'message' && isLeap(meta, this.#meta)) return this.#proof.prove(meta);
    if (this.#settled !== null && compareGenerations(meta, this.#settled) === 0) this.#freshAt = performance.now();
    if (this.#meta === null || compareGenerations(meta, this.#meta) > 0) {
      this.#meta = overtake(this.#meta, meta, this.#settled);
      this.#lagTries = 0;
    }
    this.#wake();
  }

  #wake(): void {
    if (this.stopped) return;
    this.#wokenAgain = this.#working;
    if (this.#working) return;
    this.#working = true;
    void this.#work().finally(() => {
      this.#working = false;
      if (this.#wokenAgain) this.#wake();
    });
  }

  async #work(): Promise<void> {
    while (!this.stopped) {
      this.#wokenAgain = false;
      const [arrived] = this.#arrived;
      if (arrived !== undefined) {
        this.#arrived.delete(arrived[0]);
        await this.#accept(arrived[0], arrived[1], 'message');
      } else if (this.#toRead.size > 0) {
        if (!(await this.#readSome())) return;
      } else if (this.#directory.isDue(this.#meta, performance.now())) {
        await this.#applyDirectory();
      } else if (!(await this.#settle())) return;
    }
  }

  /** False when the store cannot be read now; the keys stay on the list, and a reconnect or a timer wakes the loop. */
  async #readSome(): Promise<boolean> {
    const keys = [...this.#toRead].slice(0, PARALLEL_READS);
    for (const key of keys) this.#toRead.delete(key);
    if (this.#meta !== null) for (const key of keys) this.#read.set(key, this.#meta);
    const { found, failed } = await readViews(this.#bus, this.#subjects, keys);
    for (const key of failed) this.#read.delete(key);
    for (const key of failed) this.#toRead.add(key);
    for (const { key, data } of found) await this.#accept(key, data, 'store');
    if (failed.length > 0) setTimeout(() => this.#wake(), READ_RETRY_MS).unref();
    return failed.length === 0;
  }

  async #accept(key: string, data: Uint8Array, from: 'message' | 'store'): Promise<void> {
    const service = serviceOfViewKey(key);
    // Still under way when its service was removed: not wanted any more.
    if (service !== null && !this.#demanded.has(service)) return;
    if (from === 'store') await this.#views.offer(key, data);
    else if (!(await this.#views.hear(key, data, (version) => !isLeap(version, this.#meta)))) this.#toRead.add(key);
  }

  async #apply(view: DirectoryView | ServiceView | HostView, key: string): Promise<void> {
    if ('workloads' in view) return this.#events.host(view);
    if (!('services' in view)) return this.#events.service(view);
    const isDue = this.#directory.put(partOfDirectoryKey(key) ?? 0, view, performance.now());
    if (isDue) setTimeout(() => this.#wake(), GATHER_MS).unref();
  }

  /** Puts the directory in force, once for all parts that came together. */
  async #applyDirectory(): Promise<void> {
    const due = this.#directory.take();
    if (due === null || !(await this.#views.enforce(due.partKey, () => this.#events.directory(due.view)))) return;
    for (const [key, subscription] of this.#demanded) {
      if (this.#directory.has(key)) continue;
      subscription.unsubscribe();
      this.#demanded.delete(key);
      const viewKey = serviceViewKey(key);
      for (const keys of [this.#arrived, this.#toRead]) keys.delete(viewKey);
      this.#views.forget(viewKey);
      await this.#events.serviceRemoved(key);
    }
  }

  /** Answers the newest generation if all of it is here; true when there is more to do. */
  async #settle(): Promise<boolean> {
    const meta = this.#meta;
    if (meta === null || (this.#settled !== null && compareGenerations(meta, this.#settled) <= 0)) return false;
    const keys = this.#keys();
    const unread = keysToRead(meta, this.#settled, keys, this.#views.versions, this.#read);
    if (unread.length > 0) {
      for (const key of unread) this.#toRead.add(key);
      return true;
    }
    const lagging = keysBehind(meta, keys, this.#views.versions).filter((key) => !this.#views.rejected.has(key));
    if (lagging.length > 0) {
      if (this.#lagTries++ >= LAG.retries) return false;
      for (const key of lagging) this.#toRead.add(key);
      await sleep(LAG.pauseMs);
      return true;
    }
    this.#settled = { epoch: meta.epoch, gen: meta.gen };
    this.#read.clear();
    this.#freshAt = performance.now();
    this.#answer(this.#views.ackOf(this.#settled));
    return true;
  }
}
