/** One running data thread: its worker, the messages to and from it, and what must be cleaned up after it. */
import { type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { FromDataThread } from '../contract/data-thread.ts';
import { BLOCK_SLOTS, REQUEST_BLOCK } from '../contract/request-block.ts';
import type { ServiceKey } from '../contract/views.ts';
import { UserError } from '../core/errors.ts';
import { MAX_BLOCKS, MAX_SERIES } from '../proxy/counters.ts';
import { sharedNow, type ThreadStart, VITAL_CONNECTIONS, VITAL_TURN_AT } from '../proxy/thread-start.ts';
import { DescriptorTable } from '../reactor/descriptor-table.ts';
import type { Kernel } from '../reactor/kernel.ts';
import { type CountedSeries, seriesKey } from '../telemetry/counted-series.ts';
import { RecordFeed } from '../telemetry/records/record-feed.ts';
import type { Resolution } from './host/resolve-names.ts';
import type { ToDataThreadBody } from './thread-state.ts';

const MESSAGE_TIMEOUT_MS = 10_000;

export type LogMessage = Extract<FromDataThread, { type: 'log' }>;

export type QuotaMessage = Extract<FromDataThread, { type: 'quota-need' | 'quota-low' }>;

export interface ThreadListeners {
  readonly need: (key: ServiceKey) => void;
  readonly staleKeys: (url: string) => void;
  /** Calls back exactly once. */
  readonly resolve: (name: string, answer: (resolution: Resolution) => void) => void;
  readonly log: (line: LogMessage) => void;
  readonly quota: (message: QuotaMessage) => void;
  /** Many places for what it counts are taken: those of what is no longer configured are wanted back before there are too few. */
  readonly crowded: () => void;
}

export class RunningThread {
  readonly worker: Worker;
  /** Resolves once the thread accepts connections. */
  readonly ready: Promise<void>;
  /** ms, wall clock. */
  readonly startedAt = Date.now();
  readonly records: RecordFeed;
  readonly #kernel: Kernel;
  readonly #port: MessagePort;
  readonly #wakeFd: number;
  readonly #descriptors: DescriptorTable;
  readonly #vitals: Float64Array;
  readonly #values: Float64Array;
  /** By their first place in the shared memory. */
  readonly #series = new Map<number, Omit<CountedSeries, 'values'>>();
  #blocks = 0;
  readonly #waiting = new Map<number, (message: FromDataThread | null) => void>();
  readonly #listeners: ThreadListeners;
  #sequence = 0;
  #ended = false;

  /** Starts the worker; `start.port` goes to it, `port` is our end. */
  constructor(kernel: Kernel, start: ThreadStart, port: MessagePort, listeners: ThreadListeners) {
    this.#kernel = kernel;
    this.#port = port;
    this.#listeners = listeners;
    this.#wakeFd = start.wakeFd;
    this.#descriptors = new DescriptorTable(start.descriptors);
    this.#vitals = new Float64Array(start.vitals);
    this.#values = new Float64Array(start.counters);
    this.#vitals[VITAL_TURN_AT] = sharedNow();
    this.records = new RecordFeed(start.records);
    const entry = new URL(`../proxy/data-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
    this.worker = new Worker(entry, { workerData: start, transferList: [start.port] });
    this.ready = this.#listen();
  }

  /** Captured connections open now. */
  get connections(): number {
    return this.#vitals[VITAL_CONNECTIONS];
  }

  /** When the thread last turned its loop, in ms of `sharedNow`. */
  get turnedAt(): number {
    return this.#vitals[VITAL_TURN_AT];
  }

  /** What the thread has counted so far. */
  samples(): CountedSeries[] {
    return Array.from(this.#series, ([index, series]) => ({ ...series, values: this.#read(index) }));
  }

  #read(index: number): number[] {
    return Array.from(this.#values.subarray(index, index + this.#slots(index)));
  }

  #slots(index: number): number {
    return this.#series.get(index)?.name === REQUEST_BLOCK ? BLOCK_SLOTS : 1;
  }

  /** Takes those series' places from the thread, for others. Returns what they held. */
  async takeBack(isIdle: (series: Omit<CountedSeries, 'values'>) => boolean): Promise<CountedSeries[]> {
    const indices = Array.from(this.#series).flatMap(([index, series]) => (isIdle(series) ? [index] : []));
    if (indices.length === 0) return [];
    const answer = await this.send({ type: 'series-places', what: 'forget', indices });
    // The thread is gone: all that it held is taken over already.
    if (answer === null || this.#ended) return [];
    const held = indices.flatMap((index) => this.#clear(index));
    this.send({ type: 'series-places', what: 'free', indices }).catch(() => {});
    return held;
  }

  #clear(index: number): CountedSeries[] {
    const series = this.#series.get(index);
    if (series === undefined) return [];
    const values = this.#read(index);
    this.#values.fill(0, index, index + this.#slots(index));
    this.#series.delete(index);
    if (series.name === REQUEST_BLOCK) this.#blocks--;
    return [{ ...series, values }];
  }

  /** Resolves with the thread's answer; with null when the thread is gone (its replacement gets the whole state). */
  send(body: ToDataThreadBody): Promise<FromDataThread | null> {
    const sequence = ++this.#sequence;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(sequence);
        reject(new Error(`a data thread did not answer "${body.type}" within ${MESSAGE_TIMEOUT_MS} ms`));
      }, MESSAGE_TIMEOUT_MS);
      this.#waiting.set(sequence, (answer) => {
        clearTimeout(timer);
        this.#waiting.delete(sequence);
        resolve(answer);
      });
      this.#port.postMessage({ ...body, sequence });
      this.#kernel.signalEvent(this.#wakeFd);
    });
  }

  async stop(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.worker.once('exit', () => resolve()));
    this.send({ type: 'stop' }).catch(() => this.worker.terminate());
    await gone;
  }

  /** After the worker's exit: RST to every peer it had. Returns how many descriptors it had left open. */
  cleanUp(): number {
    this.#ended = true;
    // Its last words, among them the names of what it counted.
    for (let m = receiveMessageOnPort(this.#port); m !== undefined; m = receiveMessageOnPort(this.#port)) {
      this.#receive(m.message);
    }
    for (const settle of this.#waiting.values()) settle(null);
    this.#port.close();
    const closed = this.#descriptors.closeAll(this.#kernel);
    this.#kernel.close(this.#wakeFd);
    return closed;
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#port.on('message', (message: FromDataThread) => {
        this.#receive(message);
        if (message.type === 'ready') resolve();
      });
      const ended = new UserError({ code: 'TWP0211', message: 'a data thread ended while starting' });
      this.worker.once('exit', () => reject(ended));
    });
  }

  #announced({ index, name, labels }: Extract<FromDataThread, { type: 'series' }>): void {
    this.#series.set(index, { key: seriesKey(name, labels), name, labels });
    if (name === REQUEST_BLOCK) this.#blocks++;
    const others = this.#series.size - this.#blocks;
    if (this.#blocks > MAX_BLOCKS / 5 || others > MAX_SERIES / 4) this.#listeners.crowded();
  }

  #resolve(name: string): void {
    this.#listeners.resolve(name, ({ addresses, problem }) => {
      // A thread that ended meanwhile, or hangs, has nobody who waits for it.
      if (!this.#ended) this.send({ type: 'resolved', name, addresses, problem }).catch(() => {});
    });
  }

  #receive(message: FromDataThread): void {
    switch (message.type) {
      case 'ready':
        this.records.requestIdPrefix = message.requestIdPrefix;
        return;
      case 'applied':
      case 'dump':
      case 'explained':
        this.#waiting.get(message.sequence)?.(message);
        return;
      case 'series':
        this.#announced(message);
        return;
      case 'need':
        return this.#listeners.need(message.key);
      case 'stale-keys':
        return this.#listeners.staleKeys(message.url);
      case 'resolve':
        return this.#resolve(message.name);
      case 'log':
        return this.#listeners.log(message);
      case 'quota-need':
      case 'quota-low':
        return this.#listeners.quota(message);
    }
  }
}
