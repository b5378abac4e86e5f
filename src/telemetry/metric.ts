/** A measured value with its Prometheus name; counters, gauges and histogram series alike. */
export interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
  /** Of a histogram's bucket: one of the things that were counted there. */
  readonly exemplar?: Exemplar | undefined;
}

export type Labels = Readonly<Record<string, string>>;

/** One request as an example of its bucket, with the trace in which it can be looked at (OpenMetrics 1.0, "Exemplars"). */
export interface Exemplar {
  readonly traceId: string;
  /** In the unit of the histogram. */
  readonly value: number;
  /** Unix time in seconds. */
  readonly seconds: number;
}

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary';

/** What `# HELP` and `# TYPE` say about one name. */
export interface MetricDescription {
  readonly type: MetricType;
  readonly help: string;
  /** By name (`METRIC_LABELS` says what they mean); `le` and `otel_metric_overflow` go without saying. */
  readonly labels: readonly string[];
}

export function sample(name: string, value: number, labels: Labels = {}): Sample {
  return { name, labels, value };
}

export function counter(help: string, labels: readonly string[] = []): MetricDescription {
  return { type: 'counter', help, labels };
}

export function gauge(help: string, labels: readonly string[] = []): MetricDescription {
  return { type: 'gauge', help, labels };
}

export function histogram(help: string, labels: readonly string[] = []): MetricDescription {
  return { type: 'histogram', help, labels };
}

/** Quantiles that were worked out before they are shown. */
export function summary(help: string, labels: readonly string[] = []): MetricDescription {
  return { type: 'summary', help, labels };
}
