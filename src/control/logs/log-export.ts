/**
 * Hands the access logs of the mesh on to a log system: takes batches from the stream TOWPATH_LOG, posts them by OTLP over HTTP in JSON,
 * and tells the stream so afterwards. The stream keeps its place, so that a control that takes over goes on there; what was posted and
 * not yet told is posted again. Few batches are in hand at a time, whatever waits in the stream.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, QueuedRecord, RecordQueue } from '../../contract/bus-types.ts';
import { readBatch } from '../../contract/log-batch.ts';
import { isToken, type Subjects } from '../../contract/subjects.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type Sample, sample } from '../../telemetry/metric.ts';
import { type HostLines, logsBody } from '../../telemetry/otlp/log-record.ts';
import { type Delivery, postJson } from '../../telemetry/otlp/post-json.ts';

/** The place in the stream, by this name. */
const QUEUE = 'towpath-otlp';
/** Batches in hand at a time. */
const MOST_BATCHES = 16;
/** How long batches are waited for, in ms: more than one go in one request. */
const GATHER_MS = 1_000;
/** Lines of one request, in bytes; more than one batch. */
const MOST_POSTED = 1024 * 1024;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** The stream is told so often that batches are still in hand; a third of what it waits. */
const KEEP_MS = 20_000;

interface Batch extends HostLines {
  readonly record: QueuedRecord;
}

export class LogExport {
  readonly #url: URL;
  readonly #queue: RecordQueue;
  readonly #bus: Bus;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  #work: Promise<void> | null = null;
  #exported = 0;
  #dropped = 0;
  #retries = 0;
  #pending = 0;
  #problem = '';

  constructor(url: string, bus: Bus, subjects: Subjects, logger: Logger) {
    this.#url = new URL(url);
    this.#bus = bus;
    this.#queue = bus.queue(subjects.logStream, QUEUE);
    this.#logger = logger;
  }

  start(): void {
    this.#work ??= this.#run();
  }

  /** Returns at once; what is in hand and not posted yet is given back. */
  stop(): void {
    this.#stop.abort();
  }

  samples(): Sample[] {
    return [
      sample('towpath_control_log_records_exported_total', this.#exported),
      sample('towpath_control_log_records_dropped_total', this.#dropped),
      sample('towpath_control_log_export_retries_total', this.#retries),
      sample('towpath_control_log_batches_pending', this.#pending),
    ];
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const records = await this.#next();
      if (records.length === 0) continue;
      this.#pending = records.at(-1)?.pending ?? 0;
      const keeping = setInterval(() => this.#each(records, (record) => record.keep()), KEEP_MS);
      for (const group of this.#read(records)) await this.#deliver(group);
      clearInterval(keeping);
    }
  }

  async #next(): Promise<QueuedRecord[]> {
    try {
      if (this.#bus.connected) return await this.#queue.next(MOST_BATCHES, GATHER_MS);
    } catch (cause) {
      if (this.#stop.signal.aborted) return [];
      this.#complain(`the stream of access logs cannot be read: ${String(cause)}`);
    }
    await this.#pause(FIRST_PAUSE_MS);
    return [];
  }

  /** What fits into one request each. Who writes is in the subject, which the server lets no other host use. */
  #read(records: readonly QueuedRecord[]): Batch[][] {
    const groups: Batch[][] = [];
    let bytes = Number.POSITIVE_INFINITY;
    for (const record of records) {
      const host = record.subject.slice(record.subject.lastIndexOf('.') + 1);
      const read = readBatch(record.data, record.header);
      if (!read.ok || !isToken(host)) {
        this.#dropped++;
        this.#each([record], (one) => one.done());
        continue;
      }
      bytes += record.data.length;
      if (bytes > MOST_POSTED) groups.push([]);
      if (bytes > MOST_POSTED) bytes = record.data.length;
      groups.at(-1)?.push({ record, host, arrivedMs: record.timeMs, ...read.value });
    }
    return groups;
  }

  async #deliver(group: readonly Batch[]): Promise<void> {
    const records = group.map(({ record }) => record);
    const lines = group.reduce((sum, one) => sum + one.lines.length, 0);
    const outcome = await this.#post(logsBody(group));
    if (outcome === null) return this.#each(records, (record) => record.giveBack());
    const refused = outcome.type === 'refused' ? lines : Math.min(outcome.rejected, lines);
    this.#exported += lines - refused;
    this.#dropped += refused;
    this.#each(records, (record) => record.done());
  }

  /** Until somebody takes it, or refuses it; null: we were stopped before. */
  async #post(body: string): Promise<Exclude<Delivery, { type: 'later' }> | null> {
    let pause = FIRST_PAUSE_MS;
    while (!this.#stop.signal.aborted) {
      const outcome = await postJson(this.#url, body);
      this.#complain(outcome.problem);
      if (outcome.type !== 'later') return outcome;
      this.#retries++;
      await this.#pause(pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
    return null;
  }

  /** Without a connection the stream hands them out again by itself. */
  #each(records: readonly QueuedRecord[], settle: (record: QueuedRecord) => void): void {
    if (this.#bus.connected) for (const record of records) settle(record);
  }

  /** Each problem once; '' = it is over. */
  #complain(problem: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    if (problem === '') this.#logger.info('access logs are handed on again');
    else this.#logger.warn({ reason: problem }, 'access logs cannot be handed on; they wait in the stream');
  }

  #pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { ref: false, signal: this.#stop.signal }).catch(() => {});
  }
}
