/** The buckets of one agent, by rule and key, each with a place in the shared table. */

import type { HostView } from '../../contract/host-view.ts';
import type { LimitRuleView } from '../../contract/limit-views.ts';
import { MAX_QUOTA_SLOTS, type QuotaTable } from '../../contract/quota-table.ts';
import { sharedNow } from '../../contract/shared-clock.ts';
import { QuotaBucket } from './quota-bucket.ts';

export class BucketStore {
  readonly #table: QuotaTable;
  readonly #byId = new Map<string, QuotaBucket>();
  readonly #bySlot = new Map<number, QuotaBucket>();
  readonly #free: number[] = [];
  #nextSlot = 0;

  constructor(table: QuotaTable) {
    this.#table = table;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** A list of its own: buckets may be removed meanwhile. */
  all(): QuotaBucket[] {
    return [...this.#byId.values()];
  }

  at(slot: number): QuotaBucket | undefined {
    return this.#bySlot.get(slot);
  }

  /** It has not been removed since. */
  has(bucket: QuotaBucket): boolean {
    return this.#bySlot.get(bucket.slot) === bucket;
  }

  /** The bucket of that key, made if there is none; null: all places are taken. */
  obtain(rule: LimitRuleView, caller: string, key: string): QuotaBucket | null {
    const known = this.#byId.get(idOf(rule.id, key));
    if (known !== undefined) return known;
    const slot = this.#free.pop() ?? (this.#nextSlot < MAX_QUOTA_SLOTS ? this.#nextSlot++ : null);
    if (slot === null) return null;
    const bucket = new QuotaBucket(this.#table, slot, rule, caller, key, sharedNow());
    this.#byId.set(idOf(rule.id, key), bucket);
    this.#bySlot.set(slot, bucket);
    return bucket;
  }

  remove({ rule, key, slot }: QuotaBucket): void {
    this.#byId.delete(idOf(rule.id, key));
    this.#bySlot.delete(slot);
  }

  /** The place may be given to another bucket: no data thread looks there any more. */
  release(slot: number): void {
    this.#free.push(slot);
  }
}

/** The global limits of a host, by their ids. */
export function globalRules({ workloads }: HostView): ReadonlyMap<string, LimitRuleView> {
  const rules = workloads.flatMap(({ limits = [] }) => limits.flatMap((port) => port.rules));
  return new Map(rules.filter(({ scope }) => scope === 'global').map((rule) => [rule.id, rule]));
}

function idOf(rule: string, key: string): string {
  return `${rule} ${key}`;
}
