/** Global limits in a data thread: takes the tokens that main has put into shared memory, and tells main of callers that it does not know. */
import type { FromDataThread, ToDataThread } from '../../contract/data-thread.ts';
import type { LimitView } from '../../contract/limit-views.ts';
import { type QuotaTable, TAKE } from '../../contract/quota-table.ts';
import { sharedNow } from '../../contract/shared-clock.ts';
import type { ViewWaiters } from '../view-waiters.ts';
import { type Caller, type CompiledLimit, limitOf } from './compiled-limit.ts';
import { type Held, type Passed, passed, type Refused, refused, uncounted } from './limit-verdict.ts';

/** Main is asked again for a caller at this distance, should it not have answered. */
const ASK_AGAIN_MS = 300;
/** Main has no room for more callers of a rule: unknown ones are not asked for during this time. */
const FULL_MS = 1_000;
const MAX_ASKED = 4_096;

interface Slot {
  readonly slot: number;
  /** What the registry calls the caller, and the limit that it has by that name. */
  readonly caller: string;
  readonly limit: LimitView;
}

export class QuotaDesk {
  readonly #table: QuotaTable;
  /** Requests that wait for tokens, by bucket. */
  readonly #waiters: ViewWaiters;
  readonly #post: (message: FromDataThread) => void;
  /** By rule and bucket: outlives views, so that a change of one rule does not make the others ask anew. */
  readonly #slots = new Map<string, Map<string, Slot>>();
  /** When main was asked for a caller, by rule and bucket; ms of `sharedNow`. */
  readonly #asked = new Map<string, number>();
  readonly #fullUntil = new Map<string, number>();

  constructor(table: QuotaTable, waiters: ViewWaiters, post: (message: FromDataThread) => void) {
    this.#table = table;
    this.#waiters = waiters;
    this.#post = post;
  }

  /** Forgets the buckets of all other rules. */
  keep(rules: ReadonlySet<string>): void {
    for (const kept of [this.#slots, this.#fullUntil]) {
      for (const id of kept.keys()) if (!rules.has(id)) kept.delete(id);
    }
  }

  /** Main tells where the tokens of a bucket lie, or that it has put some there. */
  heard(message: Extract<ToDataThread, { type: 'quota-slot' | 'quota-filled' }>): void {
    if (message.type === 'quota-slot') return this.#setSlot(message);
    for (const slot of message.slots) this.#waiters.settle(slotKey(slot), true);
  }

  #setSlot({ rule, key, slot, caller, limit }: Extract<ToDataThread, { type: 'quota-slot' }>): void {
    const slots = this.#slots.get(rule) ?? new Map<string, Slot>();
    this.#slots.set(rule, slots);
    if (slot === null || slot < 0) slots.delete(key);
    else slots.set(key, { slot, caller, limit });
    if (slot !== null && slot < 0) this.#fullUntil.set(rule, sharedNow() + FULL_MS);
    const asked = needKey(rule, key);
    this.#asked.delete(asked);
    this.#waiters.settle(asked, true);
  }

  take(rule: CompiledLimit, caller: Caller, key: string): Passed | Refused | Held {
    const { id } = rule.view;
    const found = this.#slots.get(id)?.get(key);
    const now = sharedNow();
    if (found !== undefined) return this.#takeFrom(found, rule, now);
    const limit = limitOf(rule, caller);
    if (now < (this.#fullUntil.get(id) ?? 0)) return uncounted(rule, caller.name, limit);
    const asked = needKey(id, key);
    this.#need(asked, now, { type: 'quota-need', rule: id, caller: caller.name, key });
    return this.#hold(rule, caller.name, asked, () => uncounted(rule, caller.name, limit));
  }

  #takeFrom({ slot, caller, limit }: Slot, rule: CompiledLimit, now: number): Passed | Refused | Held {
    const take = this.#table.take(slot, now);
    switch (take) {
      case TAKE.takenLow:
        this.#post({ type: 'quota-low', slot });
        return this.#passed(rule, caller, slot);
      case TAKE.taken:
        return this.#passed(rule, caller, slot);
      case TAKE.uncounted:
        return passed(rule, caller, 'uncounted');
      case TAKE.denied:
        return uncounted(rule, caller, limit);
      case TAKE.exhausted:
        return refused(rule, caller, limit, this.#table.resetMs(slot, now));
      case TAKE.dryLow:
        this.#post({ type: 'quota-low', slot });
        return this.#await(rule, caller, slot, limit);
      case TAKE.dry:
        return this.#await(rule, caller, slot, limit);
    }
  }

  #passed(rule: CompiledLimit, caller: string, slot: number): Passed {
    return passed(rule, caller, 'allowed', () => this.#table.giveBack(slot, sharedNow()));
  }

  #await(rule: CompiledLimit, caller: string, slot: number, limit: LimitView): Passed | Held {
    const late = (): Passed | Refused => refused(rule, caller, limit, this.#table.resetMs(slot, sharedNow()));
    return this.#hold(rule, caller, slotKey(slot), late);
  }

  /** Nobody waits for a rule that refuses nobody. */
  #hold(rule: CompiledLimit, caller: string, key: string, otherwise: () => Passed | Refused): Passed | Held {
    if (rule.view.shadow === true) return passed(rule, caller, 'shadow');
    return { type: 'held', wait: (done) => this.#waiters.wait(key, done), otherwise };
  }

  #need(asked: string, now: number, message: FromDataThread): void {
    if (now - (this.#asked.get(asked) ?? Number.NEGATIVE_INFINITY) < ASK_AGAIN_MS) return;
    if (this.#asked.size >= MAX_ASKED) this.#asked.clear();
    this.#asked.set(asked, now);
    this.#post(message);
  }
}

function needKey(rule: string, key: string): string {
  return `${rule} ${key}`;
}

function slotKey(slot: number): string {
  return `#${slot}`;
}
