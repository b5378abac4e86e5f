/** The records of data threads, as main reads them. */

import { RingReader } from './record-ring.ts';
import { RecordView } from './record-view.ts';

/** @param view valid during the call only */
export type TakeRecord = (view: RecordView) => void;

/** The records of one data thread. */
export class RecordFeed {
  readonly #ring: RingReader;
  readonly #view: RecordView;

  constructor(shared: SharedArrayBuffer) {
    this.#ring = new RingReader(shared);
    this.#view = new RecordView(this.#ring);
  }

  set requestIdPrefix(prefix: string) {
    this.#view.requestIdPrefix = prefix;
  }

  /** Returns bytes read. */
  read(take: TakeRecord): number {
    return this.#ring.read((at) => {
      if (this.#view.open(at)) take(this.#view);
    });
  }

  /** Records that found no room in the ring. */
  get dropped(): number {
    return this.#ring.dropped;
  }
}

/** Those of all data threads, also of threads that have ended: what they said last is read once more. */
export class RecordFeeds {
  readonly #live = new Set<RecordFeed>();
  readonly #ended: RecordFeed[] = [];
  #droppedBefore = 0;

  add(feed: RecordFeed): void {
    this.#live.add(feed);
  }

  end(feed: RecordFeed): void {
    if (!this.#live.delete(feed)) return;
    this.#ended.push(feed);
    this.#droppedBefore += feed.dropped;
  }

  /** Returns bytes read. */
  read(take: TakeRecord): number {
    let bytes = 0;
    for (const feed of this.#ended.splice(0)) bytes += feed.read(take);
    for (const feed of this.#live) bytes += feed.read(take);
    return bytes;
  }

  get dropped(): number {
    return [...this.#live].reduce((sum, feed) => sum + feed.dropped, this.#droppedBefore);
  }
}
