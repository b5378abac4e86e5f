/** The tokens of one caller under one rule, as main keeps them for the data threads. Times are ms of `sharedNow`. */
import { type LimitRuleView, type LimitView, limitFor } from '../../contract/limit-views.ts';
import type { LeaseAsk, LeaseGrant } from '../../contract/quota-messages.ts';
import { QUOTA_MODE, type QuotaTable } from '../../contract/quota-table.ts';
import { BucketWindows } from './bucket-windows.ts';
import { idleMs, lowMark, nextRate, pollMs, shareOf, wantFor } from './lease-plan.ts';

/** Tokens of the next window are fetched so long before it begins. */
const AHEAD_MS = 120;
/** A bucket without requests for so long fetches none. */
const RECENT_MS = 1_000;

interface Pending {
  readonly ask: LeaseAsk;
  readonly sentAt: number;
}

export class QuotaBucket {
  readonly slot: number;
  readonly caller: string;
  readonly key: string;
  /** How data threads call it: a caller may have several addresses. */
  readonly aliases = new Set<string>();
  rule: LimitRuleView;
  limit: LimitView;
  /** A data thread has said that it needs tokens. */
  isWanted = true;
  /** Control could not be asked when it was needed; what the rule says for that is in force. */
  isEnduring = false;
  /** A question of it is on its way. */
  isAsking = false;
  /** When there was a request last. */
  usedAt: number;
  readonly #table: QuotaTable;
  readonly #windows: BucketWindows;
  /** What was asked and is not answered: repeated as it is, for control recognises it by its number. */
  #pending: Pending | null = null;
  #seq = 0;
  #rate = 0;
  #isKnown = false;
  #counted = { taken: 0, refused: 0 };
  #countedAt: number;
  #askAgainAt = 0;
  /** Tokens to give back, and the window that they are of. */
  #back = { tokens: 0, window: 0 };
  #share = 0;
  #spent = 0;

  constructor(table: QuotaTable, slot: number, rule: LimitRuleView, caller: string, key: string, now: number) {
    this.#table = table;
    this.#windows = new BucketWindows(table, slot);
    this.slot = slot;
    this.rule = rule;
    this.caller = caller;
    this.key = key;
    this.limit = limitFor(rule, caller);
    this.usedAt = now;
    this.#countedAt = now;
  }

  /** The rule as a new view has it: under another limit what is left goes back, and is asked for anew. @returns whether it is another */
  adopt(rule: LimitRuleView, now: number): boolean {
    const limit = limitFor(rule, this.caller);
    const isSame = limit.requests === this.limit.requests && limit.windowMs === this.limit.windowMs;
    const isSameWindow = limit.windowMs === this.limit.windowMs;
    this.rule = rule;
    this.limit = limit;
    if (isSame) return false;
    // A window of another length ends when control says: what is left of the old one counts as used.
    if (isSameWindow) this.#giveBack(now);
    else this.#windows.closeRunning(now);
    this.#windows.dropNext(now);
    this.#windows.setExhausted(now, false);
    this.isWanted = true;
    this.#askAgainAt = 0;
    return true;
  }

  /** What is to be asked of control now; null: nothing. The answer that is accepted is the one to what was last asked. */
  plan(now: number): LeaseAsk | null {
    this.#observe(now);
    if (this.#pending !== null) return this.#askAgain(this.#pending.ask, now);
    const isIdle = now - this.usedAt > idleMs(this.limit.windowMs);
    if (isIdle && this.#windows.left(now) > 0) this.#giveBack(now);
    const want = this.isWanted && !isIdle && now >= this.#askAgainAt ? wantFor(this.#rate, this.#isKnown) : 0;
    if (want > 0 || this.#spent > 0 || this.#isBackDue(now)) return this.#ask(want, false, now);
    return this.#isNextDue(now) ? this.#ask(wantFor(this.#rate, this.#isKnown), true, now) : null;
  }

  /** Puts a lease where data threads find it. @returns whether requests wait to hear of it */
  accept(grant: LeaseGrant, now: number): boolean {
    const pending = this.#pending;
    if (pending === null) return false;
    this.#pending = null;
    this.#isKnown = true;
    this.#recover(now);
    const { want, ahead } = pending.ask;
    if (want > 0 && !ahead) this.isWanted = false;
    // Its start is when it surely has begun, its end is while it surely lasts, however long the answer took.
    const start = grant.startsIn > 0 ? now + grant.startsIn : 0;
    this.#windows.open({ id: grant.window, start, end: pending.sentAt + grant.endsIn }, now);
    if (this.#spent > 0) this.#back = { tokens: grant.granted, window: grant.window };
    else this.#windows.deposit(grant.window, grant.granted);
    if (want > 0 && !ahead) this.#noteScarcity(grant, now);
    this.#table.setLow(this.slot, lowMark(this.#rate, grant.granted));
    return this.#table.answered(this.slot);
  }

  /** Nobody can be asked. @returns whether requests wait to hear of it */
  endure(now: number, onOutage: 'allow' | 'deny' | 'share', hosts: number): boolean {
    this.isEnduring = true;
    if (onOutage === 'allow') this.#setMode(QUOTA_MODE.allow);
    else if (this.#windows.left(now) === 0) {
      // Of the window that runs everything may have been granted: our share begins with the next.
      if (this.#windows.running(now) !== null) this.#windows.setExhausted(now, true);
      else if (onOutage === 'share') this.#openShare(now, hosts);
      if (onOutage === 'deny') this.#setMode(QUOTA_MODE.deny);
    }
    return this.#table.answered(this.slot);
  }

  /** Tokens that are left in the window that runs. */
  left(now: number): number {
    return this.#windows.left(now);
  }

  /** There is nothing that would be lost with it. */
  isSpare(now: number, afterMs: number): boolean {
    return this.#pending === null && now - this.usedAt > afterMs && this.#windows.left(now) === 0;
  }

  #observe(now: number): void {
    const { taken, refused } = this.#table.counts(this.slot);
    const requests = ((taken - this.#counted.taken) | 0) + ((refused - this.#counted.refused) | 0);
    if (requests <= 0 && now - this.#countedAt < RECENT_MS) return;
    this.#rate = nextRate(this.#rate, Math.max(0, requests), now - this.#countedAt);
    this.#counted = { taken, refused };
    this.#countedAt = now;
    if (requests > 0) this.usedAt = now;
  }

  #isBackDue(now: number): boolean {
    return this.#back.tokens > 0 && this.#back.window === this.#windows.running(now)?.id;
  }

  #isNextDue(now: number): boolean {
    const window = this.#windows.running(now);
    if (window === null || window.id === 0 || now - this.usedAt > RECENT_MS) return false;
    return window.end - now <= AHEAD_MS && !this.#windows.hasNext(now);
  }

  #ask(want: number, ahead: boolean, now: number): LeaseAsk {
    const window = this.#windows.running(now)?.id ?? 0;
    const { requests, windowMs } = this.limit;
    const ask: LeaseAsk = {
      rule: this.rule.id,
      caller: this.caller,
      key: this.key,
      seq: ++this.#seq,
      want,
      ahead,
      window,
      // Tokens of a window that is over cannot go back into another.
      back: this.#back.window === window ? this.#back.tokens : 0,
      left: this.#windows.left(now),
      spent: this.#spent,
      limit: { requests, windowMs },
    };
    this.#back = { tokens: 0, window: 0 };
    this.#spent = 0;
    this.#pending = { ask, sentAt: now };
    return ask;
  }

  #askAgain(ask: LeaseAsk, now: number): LeaseAsk {
    this.#pending = { ask, sentAt: now };
    return ask;
  }

  #noteScarcity(grant: LeaseGrant, now: number): void {
    const isOut = grant.granted === 0;
    this.#windows.setExhausted(now, isOut);
    if (!isOut) return;
    // Others may give some back; without that nothing comes before the next window.
    this.isWanted = grant.outstanding;
    this.#askAgainAt = now + pollMs(this.limit.windowMs);
  }

  #openShare(now: number, hosts: number): void {
    this.#share = shareOf(this.limit.requests, hosts);
    this.#windows.open({ id: 0, start: now, end: now + this.limit.windowMs }, now);
    this.#windows.setExhausted(now, true);
    this.#windows.deposit(0, this.#share);
    this.#setMode(QUOTA_MODE.normal);
  }

  /** What was let through in the share that runs is told to control, and the rest of it is gone. */
  #recover(now: number): void {
    if (!this.isEnduring) return;
    this.isEnduring = false;
    this.#setMode(QUOTA_MODE.normal);
    this.#windows.setExhausted(now, false);
    if (this.#windows.running(now)?.id === 0) {
      this.#spent += Math.max(0, this.#share - this.#windows.withdraw(now));
      this.#windows.closeRunning(now);
      this.isWanted = true;
    }
  }

  #giveBack(now: number): void {
    const window = this.#windows.running(now)?.id ?? 0;
    const tokens = this.#windows.withdraw(now);
    const before = this.#back.window === window ? this.#back.tokens : 0;
    if (window > 0) this.#back = { tokens: before + tokens, window };
  }

  #setMode(mode: (typeof QUOTA_MODE)[keyof typeof QUOTA_MODE]): void {
    this.#table.setMode(this.slot, mode);
  }
}
