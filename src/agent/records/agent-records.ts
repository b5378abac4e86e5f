/** What the agent's main thread does with the records of its data threads. */
import type { FailureRecord } from '../../contract/failure-record.ts';
import { keysOf, type LogSource, MAX_BATCH_BYTES } from '../../contract/log-batch.ts';
import type { TapRequest } from '../../contract/tap-messages.ts';
import type { TapRules, TelemetryRules } from '../../contract/telemetry-rules.ts';
import { AccessLog } from '../../telemetry/access-log/access-log.ts';
import { compileFormat } from '../../telemetry/access-log/compile-format.ts';
import type { Exemplars } from '../../telemetry/exemplars.ts';
import { type SpanCounts, SpanExporter } from '../../telemetry/otlp/span-exporter.ts';
import { describeRecord } from '../../telemetry/records/describe-record.ts';
import type { RecordFeeds } from '../../telemetry/records/record-feed.ts';
import {
  AT_DURATION,
  AT_ROUTE,
  AT_SERVICE,
  AT_STARTED,
  AT_STATUS,
  AT_TRACE,
  BIT_FAILED,
  BIT_INBOUND,
  BIT_SAMPLED,
} from '../../telemetry/records/record-layout.ts';
import type { RecordView } from '../../telemetry/records/record-view.ts';
import { FileSink } from '../../telemetry/sinks/file-sink.ts';
import type { LineSink, SinkCounts } from '../../telemetry/sinks/sink.ts';
import { stdoutSink } from '../../telemetry/sinks/stdout-sink.ts';
import { type LogStore, StreamSink } from '../../telemetry/sinks/stream-sink.ts';
import { callerOf } from '../metric-report.ts';
import { FailureBook } from './failure-book.ts';
import { RecordDesk, type RecordTaker } from './record-desk.ts';
import { type SayTap, TapDesk } from './tap-desk.ts';
import { formatOf, isLogging, type TelemetrySettings, telemetryRules } from './telemetry-rules.ts';

/** What waits for a sink at the end is given this time, in ms. */
const CLOSE_MS = 1_000;

export interface RecordCounts {
  /** Between data threads and main. */
  readonly dropped: number;
  /** By the sink's name. */
  readonly sinks: readonly (SinkCounts & { readonly name: string })[];
  /** null: no spans are made. */
  readonly spans: SpanCounts | null;
}

export interface RecordSource {
  readonly host: string;
  /** Towpath's. */
  readonly version: string;
  /** `<namespace>/<name>` of the programs of this host. */
  readonly workloads: readonly string[];
}

export class AgentRecords {
  readonly rules: TelemetryRules;
  readonly #feeds: RecordFeeds;
  readonly #book = new FailureBook();
  readonly #desk: RecordDesk;
  readonly #source: RecordSource;
  readonly #settings: TelemetrySettings;
  /** null: no lines go into the stream. */
  readonly #stream: StreamSink | null;
  readonly #sinks: readonly LineSink[];
  readonly #spans: SpanExporter | null;
  readonly #taps: TapDesk;

  /** Reads from now on; the rules are for the data threads. @param post hands them other rules, while somebody taps */
  constructor(
    source: RecordSource,
    settings: TelemetrySettings,
    feeds: RecordFeeds,
    exemplars: Exemplars,
    post: (rules: TelemetryRules) => Promise<void>,
  ) {
    const { host } = source;
    this.#feeds = feeds;
    this.rules = telemetryRules(settings);
    this.#source = source;
    this.#settings = settings;
    this.#stream = settings.accessLog.stream ? new StreamSink(MAX_BATCH_BYTES) : null;
    this.#sinks = [...openSinks(settings), ...(this.#stream === null ? [] : [this.#stream])];
    this.#spans = openExporter(source, settings);
    const spans = this.#spans === null ? [] : [exportSpans(this.#spans, exemplars)];
    this.#taps = openTaps(source, feeds, (tap) => post({ ...this.rules, tap }));
    const failures = keepFailures(host, this.#book);
    this.#desk = new RecordDesk(feeds, [failures, ...this.#logs(host, settings), ...spans, this.#taps]);
    this.#desk.start();
  }

  /** The way to the stream of the mesh; null: there is none. */
  use(openStore: (source: LogSource) => LogStore | null): void {
    if (this.#stream === null) return;
    const keys = keysOf(formatOf(this.#settings));
    const store = openStore({ service: callingService(this.#source), version: this.#source.version, keys });
    if (store !== null) this.#stream.use(store);
  }

  /** What is known of that id; the newest of several first. */
  why(id: string): FailureRecord[] {
    this.#desk.read();
    return this.#book.find(id);
  }

  /** Tells what passes, as it happens: until the lease ends, all that is asked for here is said. */
  async tap(request: TapRequest, say: SayTap): Promise<void> {
    this.#desk.read();
    await this.#taps.ask(request, say);
  }

  counts(): RecordCounts {
    return {
      dropped: this.#feeds.dropped,
      sinks: this.#sinks.map((sink) => ({ name: sink.name, ...sink.counts() })),
      spans: this.#spans?.counts() ?? null,
    };
  }

  /** Once the data threads have ended. */
  async stop(): Promise<void> {
    this.#taps.stop();
    this.#desk.stop();
    await Promise.all([...this.#sinks, this.#spans].map((one) => one?.close(CLOSE_MS)));
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

function openTaps(
  { host, workloads }: RecordSource,
  feeds: RecordFeeds,
  setRules: (tap: TapRules | null) => Promise<void>,
): TapDesk {
  const caller = callerOf(
    host,
    workloads.map((key) => ({ key })),
  );
  return new TapDesk({ host, caller }, () => feeds.dropped, setRules);
}

function openExporter(source: RecordSource, { tracing }: TelemetrySettings): SpanExporter | null {
  if (tracing.endpoint === null) return null;
  const { host, version } = source;
  return new SpanExporter(tracing.endpoint, { host, version, service: callingService(source) });
}

/** Where one workload is, it is taken for the caller: whose connection it is nobody can tell. */
function callingService({ host, workloads }: RecordSource): string {
  const [only] = workloads;
  return workloads.length === 1 && only ? only : host;
}

function exportSpans(exporter: SpanExporter, exemplars: Exemplars): RecordTaker {
  return {
    take: (view) => {
      if (!view.has(BIT_SAMPLED)) return;
      exporter.take(view);
      noteExemplar(view, exemplars);
    },
    flush: () => exporter.flush(),
  };
}

function noteExemplar(view: RecordView, exemplars: Exemplars): void {
  const durationMs = view.double(AT_DURATION);
  exemplars.note(
    {
      side: view.has(BIT_INBOUND) ? 'inbound' : 'outbound',
      service: view.word(AT_SERVICE),
      route: view.word(AT_ROUTE),
      code: String(view.int(AT_STATUS)),
    },
    durationMs / 1000,
    view.hex(AT_TRACE, 4),
    (view.double(AT_STARTED) + durationMs) / 1000,
  );
}

function openSinks({ accessLog }: TelemetrySettings): LineSink[] {
  return [
    ...(accessLog.stdout ? [stdoutSink()] : []),
    ...(accessLog.file === null ? [] : [new FileSink('file', accessLog.file)]),
  ];
}
