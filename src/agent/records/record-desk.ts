/** Reads the records of the data threads, and hands each to those that want it. */
import type { RecordFeeds, TakeRecord } from '../../telemetry/records/record-feed.ts';

/** How often the rings are looked into, in ms: so seldom at most, and at least. */
const LOOK_MS = 50;
const SOON_MS = 5;
/** Bytes that one look shall find: they are still in the processor's cache then, and each look costs something by itself. */
const PORTION = 256 * 1024;

export interface RecordTaker {
  /** The view is valid during the call only. */
  take: TakeRecord;
  /** All that was there has been handed out. */
  flush(): void;
}

export class RecordDesk {
  readonly #feeds: RecordFeeds;
  readonly #takers: readonly RecordTaker[];
  #timer: NodeJS.Timeout | null = null;
  #pause = LOOK_MS;

  constructor(feeds: RecordFeeds, takers: readonly RecordTaker[]) {
    this.#feeds = feeds;
    this.#takers = takers;
  }

  start(): void {
    this.#look();
  }

  /** Looks once more, and not again. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.read();
  }

  /** Takes in what is there now. Returns its bytes. */
  read(): number {
    const takers = this.#takers;
    const bytes = this.#feeds.read((view) => {
      for (let i = 0; i < takers.length; i++) (takers[i] as RecordTaker).take(view);
    });
    if (bytes > 0) for (const taker of takers) taker.flush();
    return bytes;
  }

  #look(): void {
    const bytes = this.read();
    if (bytes > 0) this.#pause = Math.min(LOOK_MS, Math.max(SOON_MS, (this.#pause * PORTION) / bytes));
    else this.#pause = LOOK_MS;
    this.#timer = setTimeout(() => this.#look(), this.#pause);
    this.#timer.unref();
  }
}
