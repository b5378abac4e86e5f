/** What the agent's main thread does with the records of its data threads. */
import type { FailureRecord } from '../../contract/failure-record.ts';
import { describeRecord } from '../../telemetry/records/describe-record.ts';
import type { RecordFeeds } from '../../telemetry/records/record-feed.ts';
import { BIT_FAILED } from '../../telemetry/records/record-layout.ts';
import { FailureBook } from './failure-book.ts';
import { RecordDesk, type RecordTaker } from './record-desk.ts';

export class AgentRecords {
  readonly #feeds: RecordFeeds;
  readonly #book = new FailureBook();
  readonly #desk: RecordDesk;

  constructor(host: string, feeds: RecordFeeds) {
    this.#feeds = feeds;
    this.#desk = new RecordDesk(feeds, [keepFailures(host, this.#book)]);
    this.#desk.start();
  }

  /** What is known of that id; the newest of several first. */
  why(id: string): FailureRecord[] {
    this.#desk.read();
    return this.#book.find(id);
  }

  /** Records that were dropped between data threads and main. */
  get dropped(): number {
    return this.#feeds.dropped;
  }

  stop(): void {
    this.#desk.stop();
  }
}

function keepFailures(host: string, book: FailureBook): RecordTaker {
  return {
    take: (view, prefix) => {
      if (view.has(BIT_FAILED)) book.note(describeRecord(view, host, prefix));
    },
    flush: () => {},
  };
}
