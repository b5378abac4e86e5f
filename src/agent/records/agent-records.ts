/** What the agent's main thread does with the records of its data threads. */
import type { FailureRecord } from '../../contract/failure-record.ts';
import type { TelemetryRules } from '../../contract/telemetry-rules.ts';
import { AccessLog } from '../../telemetry/access-log/access-log.ts';
import { compileFormat } from '../../telemetry/access-log/compile-format.ts';
import { describeRecord } from '../../telemetry/records/describe-record.ts';
import type { RecordFeeds } from '../../telemetry/records/record-feed.ts';
import { BIT_FAILED } from '../../telemetry/records/record-layout.ts';
import { FileSink } from '../../telemetry/sinks/file-sink.ts';
import type { LineSink, SinkCounts } from '../../telemetry/sinks/sink.ts';
import { stdoutSink } from '../../telemetry/sinks/stdout-sink.ts';
import { FailureBook } from './failure-book.ts';
import { RecordDesk, type RecordTaker } from './record-desk.ts';
import { formatOf, isLogging, type TelemetrySettings, telemetryRules } from './telemetry-rules.ts';

/** What waits for a sink at the end is given this time, in ms. */
const CLOSE_MS = 1_000;

export interface RecordCounts {
  /** Between data threads and main. */
  readonly dropped: number;
  /** By the sink's name. */
  readonly sinks: readonly (SinkCounts & { readonly name: string })[];
}

export class AgentRecords {
  readonly rules: TelemetryRules;
  readonly #feeds: RecordFeeds;
  readonly #book = new FailureBook();
  readonly #desk: RecordDesk;
  readonly #sinks: readonly LineSink[];

  /** Reads from now on; the rules are for the data threads. */
  constructor(host: string, settings: TelemetrySettings, feeds: RecordFeeds) {
    this.#feeds = feeds;
    this.rules = telemetryRules(settings);
    this.#sinks = openSinks(settings);
    this.#desk = new RecordDesk(feeds, [keepFailures(host, this.#book), ...this.#logs(host, settings)]);
    this.#desk.start();
  }

  /** What is known of that id; the newest of several first. */
  why(id: string): FailureRecord[] {
    this.#desk.read();
    return this.#book.find(id);
  }

  counts(): RecordCounts {
    return {
      dropped: this.#feeds.dropped,
      sinks: this.#sinks.map((sink) => ({ name: sink.name, ...sink.counts() })),
    };
  }

  /** Once the data threads have ended. */
  async stop(): Promise<void> {
    this.#desk.stop();
    await Promise.all(this.#sinks.map((sink) => sink.close(CLOSE_MS)));
  }

  #logs(host: string, settings: TelemetrySettings): RecordTaker[] {
    if (!isLogging(settings)) return [];
    const { requestFields, answerFields } = this.rules;
    return [new AccessLog(compileFormat(formatOf(settings), { host, requestFields, answerFields }), this.#sinks)];
  }
}

function keepFailures(host: string, book: FailureBook): RecordTaker {
  return {
    take: (view) => {
      if (view.has(BIT_FAILED)) book.note(describeRecord(view, host));
    },
    flush: () => {},
  };
}

function openSinks({ accessLog }: TelemetrySettings): LineSink[] {
  return [
    ...(accessLog.stdout ? [stdoutSink()] : []),
    ...(accessLog.file === null ? [] : [new FileSink('file', accessLog.file)]),
  ];
}
