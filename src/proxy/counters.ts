/**
 * Counters of one data thread: plain numbers in shared memory, which main reads when somebody scrapes. A series is announced
 * to main once; after that, counting is one addition.
 */

/** Most series of one thread; what comes later is not counted but for how many there were, so that labels cannot eat memory. */
export const MAX_SERIES = 8192;
/** Place of the series that counts refused ones. */
const DROPPED = 0;

export type Labels = Readonly<Record<string, string>>;
export type AnnounceSeries = (index: number, name: string, labels: Labels) => void;

/** Upper bounds in seconds of request duration histograms (OpenTelemetry http.server.request.duration). */
export const DURATION_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;

export class Counters {
  readonly values: Float64Array;
  readonly #announce: AnnounceSeries;
  readonly #known = new Map<string, number>();
  #next = 0;
  /** Where refused series are added up, unseen. */
  readonly #sink: number;

  constructor(shared: SharedArrayBuffer, announce: AnnounceSeries) {
    this.values = new Float64Array(shared);
    this.#announce = announce;
    this.#sink = this.values.length - 1;
    this.series('towpath_series_dropped_total', {});
  }

  static sharedMemory(): SharedArrayBuffer {
    return new SharedArrayBuffer(MAX_SERIES * 8);
  }

  /** The index of a series, announced on first use. Past the limit it is one that nobody reads. */
  series(name: string, labels: Labels): number {
    const key = `${name}${JSON.stringify(labels)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#next >= this.#sink) {
      this.values[DROPPED] += 1;
      return this.#sink;
    }
    const index = this.#next++;
    this.#known.set(key, index);
    this.#announce(index, name, labels);
    return index;
  }

  add(index: number, amount: number): void {
    this.values[index] += amount;
  }

  /** For rare events: finds the series each time. */
  count(name: string, labels: Labels): void {
    this.values[this.series(name, labels)] += 1;
  }

  histogram(name: string, labels: Labels): Histogram {
    return new Histogram(this, name, labels);
  }
}

/** A cumulative Prometheus histogram of seconds. */
export class Histogram {
  readonly #counters: Counters;
  readonly #buckets: readonly number[];
  readonly #sum: number;
  readonly #count: number;

  constructor(counters: Counters, name: string, labels: Labels) {
    this.#counters = counters;
    this.#buckets = [...DURATION_BOUNDS.map(String), '+Inf'].map((le) =>
      counters.series(`${name}_bucket`, { ...labels, le }),
    );
    this.#sum = counters.series(`${name}_sum`, labels);
    this.#count = counters.series(`${name}_count`, labels);
  }

  observe(seconds: number): void {
    const { values } = this.#counters;
    for (let i = DURATION_BOUNDS.length - 1; i >= 0 && seconds <= DURATION_BOUNDS[i]; i--)
      values[this.#buckets[i]] += 1;
    values[this.#buckets[DURATION_BOUNDS.length]] += 1;
    values[this.#sum] += seconds;
    values[this.#count] += 1;
  }
}
