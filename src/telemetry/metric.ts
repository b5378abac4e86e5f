/** A measured value with its Prometheus name; counters, gauges and histogram series alike. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type MetricType = 'counter' | 'gauge' | 'histogram';

/** What `# HELP` and `# TYPE` say about one name. */
export interface MetricDescription {
  readonly type: MetricType;
  readonly help: string;
}

export function sample(name: string, value: number, labels: Readonly<Record<string, string>> = {}): Sample {
  return { name, labels, value };
}
