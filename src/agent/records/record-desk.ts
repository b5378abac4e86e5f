/** Reads the records of the data threads, and hands each to those that want it. */
import type { RecordFeeds, TakeRecord } from '../../telemetry/records/record-feed.ts';

/** How often the rings are looked into; sooner when one was found well filled. */
const LOOK_MS = 50;
const SOON_MS = 5;
/** Bytes found at once that say: more comes than one look can take in. */
const MUCH = 256 * 1024;

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
    this.#timer = setTimeout(() => this.#look(), bytes > MUCH ? SOON_MS : LOOK_MS);
    this.#timer.unref();
  }
}
