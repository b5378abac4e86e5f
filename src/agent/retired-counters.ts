/** What threads that are gone have counted stays counted, in memory that does not grow with the number of such threads. */

/** One time series as counted so far. */
export interface CounterSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export class RetiredCounters {
  readonly #sums = new Map<string, CounterSample>();

  add(samples: Iterable<CounterSample>): void {
    for (const sample of samples) {
      const key = `${sample.name}${JSON.stringify(sample.labels)}`;
      const value = sample.value + (this.#sums.get(key)?.value ?? 0);
      this.#sums.set(key, { ...sample, value });
    }
  }

  samples(): Iterable<CounterSample> {
    return this.#sums.values();
  }
}
