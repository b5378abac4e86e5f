/** Fetches tokens of global rate limits from control before they are needed, and puts them where the data threads take them. */
import { randomUUID } from 'node:crypto';
import type { HostView } from '../../contract/host-view.ts';
import type { LimitRuleView } from '../../contract/limit-views.ts';
import { type LeaseAsk, type LeaseGrant, MAX_ASKS } from '../../contract/quota-messages.ts';
import type { QuotaTable } from '../../contract/quota-table.ts';
import { sharedNow } from '../../contract/shared-clock.ts';
import type { QuotaMessage, ToDataThreadBody } from '../data-threads.ts';
import { BucketStore, globalRules } from './bucket-store.ts';
import { CallerNames, findRenamed, isByAddress, renameKey } from './caller-names.ts';
import type { LeaseClient } from './lease-client.ts';
import type { QuotaBucket } from './quota-bucket.ts';

const BUSY_TICK_MS = 25;
const IDLE_TICK_MS = 1_000;
/** A bucket that was used within this time is looked at in every busy tick. */
const BUSY_MS = 2_000;
/** After a failure control is asked again at this distance. */
const RETRY_MS = 500;
/** A bucket without requests for so long gives its place up. */
const FORGET_MS = 60_000;

export interface QuotaKeeperStats {
  readonly buckets: number;
  /** Answers of control, and questions that it did not answer. */
  readonly leases: number;
  readonly failures: number;
  readonly outage: boolean;
}

/** How often it is asked whether addresses are called something else by now. */
const RENAME_MS = 35_000;

type Post = (message: ToDataThreadBody) => Promise<void>;

export class QuotaKeeper {
  readonly #post: Post;
  readonly #names = new CallerNames();
  readonly #boot = randomUUID();
  /** null: nobody grants leases here, and this host has the whole limit. */
  #client: LeaseClient | null = null;
  #rules: ReadonlyMap<string, LimitRuleView> = new Map();
  readonly #buckets: BucketStore;
  #timer: NodeJS.Timeout | null = null;
  #isBusy = false;
  #isFlushDue = false;
  #failedAt = Number.NEGATIVE_INFINITY;
  #isOut = false;
  #leases = 0;
  #failures = 0;
  #isStopped = false;
  #renamedAt = sharedNow();

  constructor(table: QuotaTable, post: Post) {
    this.#buckets = new BucketStore(table);
    this.#post = post;
  }

  /** Where leases come from; null: nowhere. */
  use(client: LeaseClient | null): void {
    this.#client = client;
  }

  /** As `threads`, with the policies that pass there followed as soon as the data threads have them. */
  behind(threads: { readonly post: Post }): { readonly post: Post } {
    return {
      post: async (message) => {
        await threads.post(message);
        if (message.type === 'host') this.follow(message.view);
      },
    };
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  stats(): QuotaKeeperStats {
    return { buckets: this.#buckets.size, leases: this.#leases, failures: this.#failures, outage: this.#isOut };
  }

  /** The policies in force, once the data threads have them. */
  follow(view: HostView): void {
    this.#rules = globalRules(view);
    for (const bucket of this.#buckets.all()) {
      const rule = this.#rules.get(bucket.rule.id);
      if (rule === undefined) this.#drop(bucket);
      else if (bucket.adopt(rule, sharedNow())) for (const alias of bucket.aliases) this.#tell(bucket, alias);
    }
    this.#flushSoon();
  }

  /** What data threads ask. */
  heard(message: QuotaMessage): void {
    if (message.type === 'quota-need') return void this.#admit(message.rule, message.caller, message.key);
    const bucket = this.#buckets.at(message.slot);
    if (bucket === undefined) return;
    bucket.isWanted = true;
    this.#flushSoon();
  }

  async #admit(ruleId: string, caller: string, alias: string): Promise<void> {
    const byAddress = isByAddress(alias, caller);
    const name = byAddress ? await this.#names.find(caller, this.#client, sharedNow()) : null;
    const rule = this.#rules.get(ruleId);
    if (rule === undefined || this.#isStopped) return;
    const key = renameKey(alias, caller, name);
    const bucket = this.#buckets.obtain(rule, name ?? caller, key);
    if (bucket === null) {
      this.#sweep(sharedNow(), 0);
      return this.#send({ type: 'quota-slot', rule: ruleId, key: alias, slot: -1, caller, limit: rule.limit });
    }
    bucket.aliases.add(alias);
    // A request waits for this: the tokens come right behind, and are waited for again.
    this.#tell(bucket, alias);
    this.#flushSoon();
  }

  #tell({ rule, caller, slot, limit }: QuotaBucket, alias: string): void {
    this.#send({ type: 'quota-slot', rule: rule.id, key: alias, slot, caller, limit });
  }

  /** Its place is given to another only when no data thread looks there any more. */
  #drop(bucket: QuotaBucket): void {
    const { rule, caller, limit, slot } = bucket;
    this.#buckets.remove(bucket);
    const told = [...bucket.aliases].map((alias) =>
      this.#post({ type: 'quota-slot', rule: rule.id, key: alias, slot: null, caller, limit }),
    );
    Promise.all(told).then(
      () => this.#buckets.release(slot),
      // A thread that does not answer is being replaced; the place stays empty.
      () => undefined,
    );
  }

  #flushSoon(): void {
    if (this.#isFlushDue || this.#isStopped) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      this.#look();
    });
  }

  /** Asks for what is due, and looks again soon while there are requests. */
  #look(): void {
    if (this.#isStopped) return;
    const now = sharedNow();
    if (now - this.#renamedAt > RENAME_MS) void this.#rename(now);
    const due = this.#buckets.all().flatMap((bucket) => {
      const ask = bucket.isAsking ? null : bucket.plan(now);
      return ask === null ? [] : [{ bucket, ask }];
    });
    if (this.#client === null || now - this.#failedAt < RETRY_MS) this.#endure(due.map(({ bucket }) => bucket));
    else for (let i = 0; i < due.length; i += MAX_ASKS) void this.#ask(this.#client, due.slice(i, i + MAX_ASKS));
    this.#schedule(this.#buckets.all().some(({ usedAt }) => now - usedAt < BUSY_MS));
  }

  async #ask(
    client: LeaseClient,
    due: readonly { readonly bucket: QuotaBucket; readonly ask: LeaseAsk }[],
  ): Promise<void> {
    for (const { bucket } of due) bucket.isAsking = true;
    try {
      const { grants } = await client.ask({ boot: this.#boot, asks: due.map(({ ask }) => ask) });
      this.#leases++;
      this.#accept(due.map(({ bucket }, i) => [bucket, grants[i]]));
    } catch {
      this.#failures++;
      this.#failedAt = sharedNow();
      this.#isOut = true;
      for (const { bucket } of due) bucket.isAsking = false;
      this.#endure(due.map(({ bucket }) => bucket));
    }
  }

  #accept(answers: readonly (readonly [QuotaBucket, LeaseGrant | undefined])[]): void {
    const now = sharedNow();
    const failed: QuotaBucket[] = [];
    const awaited: number[] = [];
    for (const [bucket, grant] of answers) {
      bucket.isAsking = false;
      if (!this.#buckets.has(bucket)) continue;
      if (grant?.result === 'ok') {
        if (bucket.accept(grant, now)) awaited.push(bucket.slot);
      } else if (grant?.result === 'unknown') {
        // No such rule is in force any more: its view is on its way.
        if (bucket.endure(now, 'allow', 1)) awaited.push(bucket.slot);
      } else failed.push(bucket);
    }
    if (awaited.length > 0) this.#send({ type: 'quota-filled', slots: awaited });
    if (failed.length > 0) {
      this.#failedAt = now;
      return this.#endure(failed);
    }
    // Control answers again: everybody hears of it.
    if (this.#isOut) for (const bucket of this.#buckets.all()) if (bucket.isEnduring) bucket.isWanted = true;
    this.#isOut = false;
    this.#flushSoon();
  }

  #endure(buckets: readonly QuotaBucket[]): void {
    const now = sharedNow();
    const isAlone = this.#client === null;
    const awaited = buckets.filter((bucket) => {
      if (!this.#buckets.has(bucket)) return false;
      const { onOutage = 'share', hosts = 1 } = bucket.rule;
      return bucket.endure(now, isAlone ? 'share' : onOutage, isAlone ? 1 : hosts);
    });
    if (awaited.length > 0) this.#send({ type: 'quota-filled', slots: awaited.map(({ slot }) => slot) });
  }

  #schedule(isBusy: boolean): void {
    if (this.#timer !== null && (this.#isBusy || !isBusy)) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#buckets.size === 0) return;
    this.#isBusy = isBusy;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        if (!isBusy) this.#sweep(sharedNow(), FORGET_MS);
        this.#look();
      },
      isBusy ? BUSY_TICK_MS : IDLE_TICK_MS,
    );
    this.#timer.unref();
  }

  /** Data threads ask again for callers that the registry calls something else by now. */
  async #rename(now: number): Promise<void> {
    this.#renamedAt = now;
    for (const { bucket, alias } of await findRenamed(this.#buckets.all(), this.#names, this.#client)) {
      const { rule, caller, limit } = bucket;
      bucket.aliases.delete(alias);
      this.#send({ type: 'quota-slot', rule: rule.id, key: alias, slot: null, caller, limit });
    }
  }

  #sweep(now: number, afterMs: number): void {
    for (const bucket of this.#buckets.all()) if (bucket.isSpare(now, afterMs)) this.#drop(bucket);
  }

  #send(message: ToDataThreadBody): void {
    // A thread that does not answer is being replaced, and its successor hears the state that is in force.
    this.#post(message).catch(() => undefined);
  }
}
