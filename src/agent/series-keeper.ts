/**
 * Keeps what data threads count in bounds: reads it, and takes back the places of series that nobody uses any more, or that count
 * for what has left the configuration. Places of the second kind are wanted soon where routes change often, so that what is
 * configured always finds one.
 */
import type { CountedSeries } from '../telemetry/counted-series.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type ConfiguredNames, isGone, namesIn } from './configured-names.ts';
import { MetricBook } from './metric-book.ts';
import type { ThreadState } from './thread-state.ts';

const MAX_SWEEP_MS = 60_000;
/** From a change of the configuration to the sweep after it, and between sweeps of a thread whose places run short. */
const CHANGED_SWEEP_MS = 5_000;
const CROWDED_SWEEP_MS = 250;

/** A running data thread, as far as its counters go. */
export interface CountingThread {
  samples(): CountedSeries[];
  takeBack(isWanted: (series: Pick<CountedSeries, 'key' | 'labels'>) => boolean): Promise<CountedSeries[]>;
}

export class SeriesKeeper {
  readonly #threads: () => readonly CountingThread[];
  readonly #state: Pick<ThreadState, 'messages'>;
  readonly #book: MetricBook;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  /** null: they have changed since. */
  #names: ConfiguredNames | null = null;
  #soon: { readonly timer: NodeJS.Timeout; readonly at: number } | null = null;
  #sweeping: Promise<void> | null = null;
  #stopped = false;

  /**
   * @param idleMs after which a series that has not changed is left out
   * @param state the configuration in force
   */
  constructor(
    idleMs: number,
    threads: () => readonly CountingThread[],
    state: Pick<ThreadState, 'messages'>,
    logger: Logger,
  ) {
    this.#threads = threads;
    this.#state = state;
    this.#book = new MetricBook(idleMs, (labels) => isGone(this.#configured(), labels));
    this.#logger = logger;
    this.#timer = setInterval(() => void this.sweep(performance.now()), Math.min(MAX_SWEEP_MS, idleMs / 2));
    this.#timer.unref();
  }

  read(now = performance.now()): readonly CountedSeries[] {
    const live = this.#threads().flatMap((thread) => thread.samples());
    return this.#book.read(live, now);
  }

  /** A thread is gone. */
  retire(series: readonly CountedSeries[]): void {
    this.#book.retire(series);
  }

  /** The configuration has changed. */
  changed(): void {
    this.#names = null;
    this.#sweepWithin(CHANGED_SWEEP_MS);
  }

  /** A thread has few places left. */
  crowded(): void {
    this.#sweepWithin(CROWDED_SWEEP_MS);
  }

  /** One at a time: places that a sweep has taken may be another series' by the time the next one would take them. */
  sweep(now: number): Promise<void> {
    this.#sweeping ??= this.#sweep(now).finally(() => {
      this.#sweeping = null;
    });
    return this.#sweeping;
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    if (this.#soon !== null) clearTimeout(this.#soon.timer);
  }

  async #sweep(now: number): Promise<void> {
    this.read(now);
    const isWanted = (series: Pick<CountedSeries, 'key' | 'labels'>): boolean =>
      isGone(this.#configured(), series.labels) || this.#book.isIdle(series, now);
    await Promise.all(this.#threads().map((thread) => this.#takeBack(thread, isWanted)));
    const live = this.#threads().flatMap((thread) => thread.samples());
    this.#book.prune(new Set(live.map(({ key }) => key)), now);
  }

  async #takeBack(thread: CountingThread, isWanted: Parameters<CountingThread['takeBack']>[0]): Promise<void> {
    try {
      this.#book.retire(await thread.takeBack(isWanted));
    } catch (error) {
      this.#logger.warn({ reason: String(error) }, 'series that nobody uses could not be taken back');
    }
  }

  #configured(): ConfiguredNames {
    this.#names ??= namesIn(this.#state.messages());
    return this.#names;
  }

  #sweepWithin(ms: number): void {
    const at = performance.now() + ms;
    if (this.#stopped || (this.#soon !== null && this.#soon.at <= at)) return;
    if (this.#soon !== null) clearTimeout(this.#soon.timer);
    const timer = setTimeout(() => {
      this.#soon = null;
      void this.sweep(performance.now());
    }, ms);
    timer.unref();
    this.#soon = { timer, at };
  }
}
