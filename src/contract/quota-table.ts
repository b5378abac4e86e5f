/**
 * Tokens of global quotas in memory that main shares with the data threads: main puts leases in, data threads take tokens out, and
 * neither waits for the other. Each bucket has a slot with room for two windows, so that the next one is there before it begins.
 * Times are ms of `sharedNow`.
 */

/** Buckets (callers of rules) of one agent. */
export const MAX_QUOTA_SLOTS = 4096;

const INTS = 16;
const FLOATS = 8;
const SLOT_BYTES = INTS * 4 + FLOATS * 8;

/** Places among a slot's Int32 values. */
const MODE = 0;
const LOW = 1;
const ASKED = 2;
const HELD = 3;
const TOKENS = 4; // and 5
const EXHAUSTED = 6; // and 7: nothing more is to be had in that window.
const USED = 8; // and 9: taken in that window.
const REFUSED = 10;
const TAKEN = 11;
/** Places among its Float64 values. */
const START = 0; // and 1
const END = 2; // and 3

const NORMAL = 0;
const ALLOW = 1;
const DENY = 2;
export type QuotaMode = typeof NORMAL | typeof ALLOW | typeof DENY;
export const QUOTA_MODE = { normal: NORMAL, allow: ALLOW, deny: DENY } as const;

/** What became of one request. */
export const TAKE = {
  taken: 0,
  /** Taken, and main must hear that few are left. */
  takenLow: 1,
  /** None left here now, more may come: main knows. */
  dry: 2,
  /** ... and must hear of it. */
  dryLow: 3,
  /** None left in this window. */
  exhausted: 4,
  /** Nobody counts: control cannot be asked, and the rule lets everything pass then. */
  uncounted: 5,
  /** Nobody counts, and the rule refuses everything then. */
  denied: 6,
} as const;
export type Take = (typeof TAKE)[keyof typeof TAKE];

export class QuotaTable {
  readonly #ints: Int32Array;
  readonly #floats: Float64Array;

  constructor(shared: SharedArrayBuffer) {
    this.#floats = new Float64Array(shared, 0, MAX_QUOTA_SLOTS * FLOATS);
    this.#ints = new Int32Array(shared, MAX_QUOTA_SLOTS * FLOATS * 8, MAX_QUOTA_SLOTS * INTS);
  }

  /** Only what is touched takes memory. */
  static sharedMemory(): SharedArrayBuffer {
    return new SharedArrayBuffer(MAX_QUOTA_SLOTS * SLOT_BYTES);
  }

  // === data threads ===

  take(slot: number, now: number): Take {
    const ints = this.#ints;
    const at = slot * INTS;
    const mode = Atomics.load(ints, at + MODE);
    if (mode === ALLOW) {
      Atomics.add(ints, at + TAKEN, 1);
      return TAKE.uncounted;
    }
    const taken = this.#takeFrom(slot, now);
    if (taken !== null) return taken;
    const bank = this.#bankAt(slot, now);
    const isExhausted = bank >= 0 && Atomics.load(ints, at + EXHAUSTED + bank) === 1;
    if (mode === NORMAL && !isExhausted) {
      // Said first, then looked again: tokens that come in between are not missed, and main tells of those that come later.
      Atomics.store(ints, at + HELD, 1);
      const late = this.#takeFrom(slot, now);
      if (late !== null) return late;
    }
    Atomics.add(ints, at + REFUSED, 1);
    if (mode === DENY) return TAKE.denied;
    if (isExhausted) return TAKE.exhausted;
    return this.#ask(at) ? TAKE.dryLow : TAKE.dry;
  }

  /** null: there are none now. */
  #takeFrom(slot: number, now: number): Take | null {
    const bank = this.#bankAt(slot, now);
    if (bank < 0) return null;
    const ints = this.#ints;
    const at = slot * INTS;
    for (let left = Atomics.load(ints, at + TOKENS + bank); left > 0; left = Atomics.load(ints, at + TOKENS + bank)) {
      if (Atomics.compareExchange(ints, at + TOKENS + bank, left, left - 1) !== left) continue;
      Atomics.add(ints, at + USED + bank, 1);
      Atomics.add(ints, at + TAKEN, 1);
      return left - 1 <= Atomics.load(ints, at + LOW) && this.#ask(at) ? TAKE.takenLow : TAKE.taken;
    }
    return null;
  }

  /** A token that was taken for a request that is refused for another reason. */
  giveBack(slot: number, now: number): void {
    const at = slot * INTS;
    Atomics.sub(this.#ints, at + TAKEN, 1);
    const bank = this.#bankAt(slot, now);
    if (bank < 0 || Atomics.load(this.#ints, at + USED + bank) <= 0) return;
    Atomics.sub(this.#ints, at + USED + bank, 1);
    Atomics.add(this.#ints, at + TOKENS + bank, 1);
  }

  /** ms to the end of the window that runs; 0: none is known. */
  resetMs(slot: number, now: number): number {
    const bank = this.#bankAt(slot, now);
    return bank < 0 ? 0 : Math.max(0, (this.#floats[slot * FLOATS + END + bank] as number) - now);
  }

  #ask(at: number): boolean {
    return Atomics.compareExchange(this.#ints, at + ASKED, 0, 1) === 0;
  }

  #bankAt(slot: number, now: number): number {
    const floats = this.#floats;
    const at = slot * FLOATS;
    for (let bank = 0; bank < 2; bank++) {
      if (now >= (floats[at + START + bank] as number) && now < (floats[at + END + bank] as number)) return bank;
    }
    return -1;
  }

  // === main ===

  /** Empties a slot for another bucket. */
  clear(slot: number): void {
    this.#floats.fill(0, slot * FLOATS, (slot + 1) * FLOATS);
    for (let i = 0; i < INTS; i++) Atomics.store(this.#ints, slot * INTS + i, 0);
  }

  /** Opens a window in one of the two places, or moves its ends; what a former window there held is gone. */
  open(slot: number, bank: 0 | 1, start: number, end: number): void {
    const at = slot * INTS;
    // Nobody finds the bank while it changes hands.
    this.#floats[slot * FLOATS + END + bank] = 0;
    for (const place of [TOKENS, EXHAUSTED, USED]) Atomics.store(this.#ints, at + place + bank, 0);
    this.#floats[slot * FLOATS + START + bank] = start;
    this.#floats[slot * FLOATS + END + bank] = end;
  }

  deposit(slot: number, bank: 0 | 1, tokens: number): void {
    Atomics.add(this.#ints, slot * INTS + TOKENS + bank, tokens);
  }

  /** Takes tokens out again, at most `tokens`. @returns how many */
  withdraw(slot: number, bank: 0 | 1, tokens: number): number {
    const place = slot * INTS + TOKENS + bank;
    for (;;) {
      const left = Atomics.load(this.#ints, place);
      const out = Math.max(0, Math.min(left, tokens));
      if (Atomics.compareExchange(this.#ints, place, left, left - out) === left) return out;
    }
  }

  tokens(slot: number, bank: 0 | 1): number {
    return Math.max(0, Atomics.load(this.#ints, slot * INTS + TOKENS + bank));
  }

  setExhausted(slot: number, bank: 0 | 1, isExhausted: boolean): void {
    Atomics.store(this.#ints, slot * INTS + EXHAUSTED + bank, isExhausted ? 1 : 0);
  }

  setMode(slot: number, mode: QuotaMode): void {
    Atomics.store(this.#ints, slot * INTS + MODE, mode);
  }

  /** Below how many tokens a data thread says so. */
  setLow(slot: number, tokens: number): void {
    Atomics.store(this.#ints, slot * INTS + LOW, tokens);
  }

  /** Data threads may ask again. @returns whether a request waits */
  answered(slot: number): boolean {
    Atomics.store(this.#ints, slot * INTS + ASKED, 0);
    return Atomics.exchange(this.#ints, slot * INTS + HELD, 0) === 1;
  }

  /** Requests so far; both wrap at 2^32. */
  counts(slot: number): { readonly taken: number; readonly refused: number } {
    const at = slot * INTS;
    return { taken: Atomics.load(this.#ints, at + TAKEN), refused: Atomics.load(this.#ints, at + REFUSED) };
  }
}
