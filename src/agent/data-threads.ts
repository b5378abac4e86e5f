/** The data threads as main sees them: opens and keeps the listening sockets, starts threads, repeats the state in force, cleans up. */
import { setFlagsFromString } from 'node:v8';
import { MessageChannel } from 'node:worker_threads';
import type { DataThreadDump } from '../contract/data-thread.ts';
import type { DecisionTrace, ExplainQuestion } from '../contract/decision-trace.ts';
import { QuotaTable } from '../contract/quota-table.ts';
import type { ServiceKey } from '../contract/views.ts';
import { UserError } from '../core/errors.ts';
import { makeLimitMemory } from '../proxy/limits/limit-memory.ts';
import { sharedNow, type ThreadListener } from '../proxy/thread-start.ts';
import { Kernel } from '../reactor/kernel.ts';
import { selfTest } from '../reactor/self-test.ts';
import { MINIMUM_SLAB_BYTES, Slab } from '../reactor/slab.ts';
import type { CountedSeries } from '../telemetry/counted-series.ts';
import type { Logger } from '../telemetry/logger.ts';
import { RecordFeeds } from '../telemetry/records/record-feed.ts';
import type { DataThreadSettings, DataThreads } from './data-threads-types.ts';
import { NameResolver } from './host/resolve-names.ts';
import { openListeners } from './open-listeners.ts';
import { prepareThread } from './prepare-thread.ts';
import { type LogMessage, type QuotaMessage, RunningThread } from './running-thread.ts';
import { SeriesKeeper } from './series-keeper.ts';
import { ThreadState, type ToDataThreadBody } from './thread-state.ts';

export type { DataThreadSettings, DataThreads, QuotaMessage, ToDataThreadBody };

/** A thread that dies sooner than this after its start is not replaced at once again. */
const RESTART_PAUSE_MS = 1_000;

/**
 * Binds the ports and starts the threads.
 * @throws UserError when the system-call layer does not work here, or a port is taken
 */
export async function startDataThreads(settings: DataThreadSettings, logger: Logger): Promise<DataThreads> {
  // More is inlined than by default (920), which saves 5 to 10 % of a request; far more, and what one surprise makes V8 compile again
  // takes seconds (docs/adr/0017).
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=2000');
  // A compile job in the background may still read what node:ffi frees when a thread ends: seen as a crash at exit.
  setFlagsFromString('--no-concurrent-recompilation');
  const problem = selfTest();
  if (problem !== null) throw new UserError({ code: 'TWP0210', message: problem });
  const memory = new ArrayBuffer(MINIMUM_SLAB_BYTES + 64);
  const kernel = new Kernel(new Slab(memory, 0, memory.byteLength));
  const pool = new DataThreadPool(settings, kernel, logger);
  try {
    pool.open();
    await pool.start();
    return pool;
  } catch (error) {
    await pool.stop();
    throw error;
  }
}

class DataThreadPool implements DataThreads {
  readonly #settings: DataThreadSettings;
  readonly #kernel: Kernel;
  readonly #logger: Logger;
  /** Listening descriptors, one set for each thread. */
  readonly #listeners: ThreadListener[][] = [];
  readonly #threads: (RunningThread | null)[] = [];
  readonly #series: SeriesKeeper;
  readonly #state = new ThreadState();
  readonly records = new RecordFeeds();
  readonly #names = new NameResolver();
  readonly #limitMemory = makeLimitMemory();
  #stopping = false;
  #need: (key: ServiceKey) => void = () => {};
  #log: (line: LogMessage) => void = () => {};
  #quota: (message: QuotaMessage) => void = () => {};
  #staleKeys: (url: string) => void = () => {};

  constructor(settings: DataThreadSettings, kernel: Kernel, logger: Logger) {
    this.#settings = settings;
    this.#kernel = kernel;
    this.#logger = logger;
    this.#series = new SeriesKeeper(settings.seriesIdleMs, () => this.#running(), this.#state, logger);
  }

  /** Opens every listening socket, so that a port clash is known before anything else happens. */
  open(): void {
    for (let i = 0; i < this.#settings.count; i++) {
      const set: ThreadListener[] = [];
      this.#listeners.push(set);
      openListeners(this.#kernel, this.#settings, set);
    }
  }

  async start(): Promise<void> {
    await Promise.all(this.#listeners.map((_, index) => this.#startThread(index)));
  }

  onNeed(callback: (key: ServiceKey) => void): void {
    this.#need = callback;
  }

  onStaleKeys(callback: (url: string) => void): void {
    this.#staleKeys = callback;
  }

  onLog(callback: (line: LogMessage) => void): void {
    this.#log = callback;
  }

  onQuota(callback: (message: QuotaMessage) => void): QuotaTable {
    this.#quota = callback;
    return new QuotaTable(this.#limitMemory.quotas);
  }

  async post(message: ToDataThreadBody): Promise<void> {
    if (this.#state.remember(message)) this.#series.changed();
    await Promise.all(this.#running().map((thread) => thread.send(message)));
  }

  counters = (): readonly CountedSeries[] => this.#series.read();

  heartbeatAgeMs(): number {
    return Math.max(0, ...this.#threads.map((thread) => sharedNow() - (thread?.turnedAt ?? 0)));
  }

  connections = (): number => this.#running().reduce((sum, thread) => sum + thread.connections, 0);

  async dump(): Promise<DataThreadDump[]> {
    const answers = await Promise.all(this.#running().map((thread) => thread.send({ type: 'dump' })));
    return answers.flatMap((answer) => (answer?.type === 'dump' ? [answer.state] : []));
  }

  async explain(question: ExplainQuestion): Promise<DecisionTrace> {
    const answer = await this.#running()[0]?.send({ type: 'explain', question });
    if (answer?.type !== 'explained') throw new UserError({ code: 'TWP0212', message: 'no data thread can answer' });
    if ('trace' in answer.answer) return answer.answer.trace;
    throw new UserError({ code: 'TWP0213', message: answer.answer.problem });
  }

  async drain(deadlineMs: number): Promise<void> {
    await this.post({ type: 'drain' });
    this.#closeExplicit();
    const until = Date.now() + deadlineMs;
    while (this.connections() > 0 && Date.now() < until && !this.#stopping)
      await new Promise((resolve) => setTimeout(resolve, 25));
  }

  /** Nothing sends its clients past us, as removed rules do with captured ones: they are refused rather than kept waiting. */
  #closeExplicit(): void {
    for (const set of this.#listeners) {
      const at = set.findIndex(({ side }) => side === 'explicit');
      if (at >= 0) for (const { fd } of set.splice(at)) this.#kernel.close(fd);
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#series.stop();
    await Promise.all(this.#running().map((thread) => thread.stop()));
    for (const set of this.#listeners) for (const { fd } of set) this.#kernel.close(fd);
    this.#listeners.length = 0;
  }

  async #startThread(index: number): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    const start = prepareThread(this.#kernel, this.#settings, this.#listeners[index], this.#limitMemory, port2);
    const thread = new RunningThread(this.#kernel, start, port1, {
      need: (key) => this.#need(key),
      staleKeys: (url) => this.#staleKeys(url),
      resolve: (name, answer) => this.#names.resolve(name, answer),
      log: (line) => this.#log(line),
      quota: (message) => this.#quota(message),
      crowded: () => this.#series.crowded(),
    });
    this.#threads[index] = thread;
    this.records.add(thread.records);
    thread.worker.on('error', (error) => this.#logger.error({ err: error }, 'a data thread failed'));
    thread.worker.on('exit', (code) => this.#exited(index, thread, code));
    // All at once, and before anything newer: a change that is posted meanwhile must not be overtaken by an older state.
    const state = this.#state.messages().map((message) => thread.send(message));
    await Promise.all([thread.ready, ...state]);
  }

  /** Cleans up after a thread: RST to every peer it had, and a replacement unless we are stopping. */
  #exited(index: number, thread: RunningThread, code: number): void {
    this.#threads[index] = null;
    const closed = thread.cleanUp();
    this.records.end(thread.records);
    this.#series.retire(thread.samples());
    if (this.#stopping) return;
    this.#logger.error({ code, closed }, 'a data thread ended; its connections were reset and it is replaced');
    const pause = Date.now() - thread.startedAt < RESTART_PAUSE_MS ? RESTART_PAUSE_MS : 0;
    setTimeout(() => {
      if (this.#stopping) return;
      this.#startThread(index).catch((error: Error) =>
        this.#logger.error({ err: error }, 'a data thread could not be replaced'),
      );
    }, pause);
  }

  #running(): RunningThread[] {
    return this.#threads.filter((thread) => thread !== null && thread !== undefined);
  }
}
