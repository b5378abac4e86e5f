/** The windows of one bucket, at most one that runs and one that is to come, and their tokens in the shared table. Times are ms of `sharedNow`. */
import type { QuotaTable } from '../../contract/quota-table.ts';

type Bank = 0 | 1;
const BANKS = [0, 1] as const;

export interface OpenWindow {
  /** Its name: the start as control tells it; 0: a share of our own, in an outage. */
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

export class BucketWindows {
  readonly #table: QuotaTable;
  readonly #slot: number;
  readonly #windows: [OpenWindow | null, OpenWindow | null] = [null, null];
  #isExhausted = false;

  constructor(table: QuotaTable, slot: number) {
    this.#table = table;
    this.#slot = slot;
    table.clear(slot);
  }

  running(now: number): OpenWindow | null {
    const bank = this.#bankAt(now);
    return bank === null ? null : this.#windows[bank];
  }

  /** A window that begins after the one that runs is known. */
  hasNext(now: number): boolean {
    return this.#windows.some((window) => window !== null && window.start > now);
  }

  /** Opens a window: in the place of the one that runs if it runs itself, else beside it. One that is open stays as it is. */
  open(window: OpenWindow, now: number): void {
    if (window.id > 0 && this.#windows.some((one) => one?.id === window.id)) return;
    const running = this.#bankAt(now);
    const bank = running === null ? this.#freeBank(now) : window.start <= now ? running : other(running);
    this.#windows[bank] = window;
    this.#table.open(this.#slot, bank, window.start, window.end);
    if (window.start <= now) this.#isExhausted = false;
  }

  /** Puts tokens into a window that is open. */
  deposit(id: number, tokens: number): void {
    const bank = BANKS.find((one) => this.#windows[one]?.id === id);
    if (bank !== undefined && tokens > 0) this.#table.deposit(this.#slot, bank, tokens);
  }

  /** Tokens of the window that runs. */
  left(now: number): number {
    const bank = this.#bankAt(now);
    return bank === null ? 0 : this.#table.tokens(this.#slot, bank);
  }

  /** Takes all tokens out of the window that runs. */
  withdraw(now: number): number {
    const bank = this.#bankAt(now);
    return bank === null ? 0 : this.#table.withdraw(this.#slot, bank, Number.POSITIVE_INFINITY);
  }

  /** Empties the window that is to come. */
  dropNext(now: number): void {
    for (const bank of BANKS) {
      const window = this.#windows[bank];
      if (window !== null && window.start > now) this.#close(bank);
    }
  }

  /** Ends the window that runs. */
  closeRunning(now: number): void {
    const bank = this.#bankAt(now);
    if (bank !== null) this.#close(bank);
  }

  /** Nothing more is to be had in the window that runs: data threads refuse at once. */
  setExhausted(now: number, isExhausted: boolean): void {
    const bank = this.#bankAt(now);
    this.#isExhausted = bank !== null && isExhausted;
    if (bank !== null) this.#table.setExhausted(this.#slot, bank, isExhausted);
  }

  isExhausted(now: number): boolean {
    return this.#isExhausted && this.#bankAt(now) !== null;
  }

  #close(bank: Bank): void {
    this.#windows[bank] = null;
    this.#table.open(this.#slot, bank, 0, 0);
  }

  #bankAt(now: number): Bank | null {
    for (const bank of BANKS) {
      const window = this.#windows[bank];
      if (window !== null && now >= window.start && now < window.end) return bank;
    }
    return null;
  }

  #freeBank(now: number): Bank {
    const [first] = this.#windows;
    return first === null || first.end <= now ? 0 : 1;
  }
}

function other(bank: Bank): Bank {
  return bank === 0 ? 1 : 0;
}
