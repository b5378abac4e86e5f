/**
 * Listens to what hosts report of their traffic, and serves it for the whole mesh. Each control listens for itself, leader or not, and
 * counts from its own start: a control that takes over has the recent past at hand.
 */
import type { Bus, BusMessage, Unsubscriber } from '../../contract/bus-types.ts';
import { decodeJson } from '../../contract/decode.ts';
import {
  MAX_REPORT_BYTES,
  type MetricsQuery,
  type MetricsReply,
  metricReportSchema,
} from '../../contract/mesh-metrics.ts';
import { isToken, type Subjects } from '../../contract/subjects.ts';
import { type Sample, sample } from '../../telemetry/metric.ts';
import { EdgeTable } from './edge-table.ts';
import { HostReports } from './host-reports.ts';
import { meshSamples } from './mesh-samples.ts';
import { answerQuery } from './query-metrics.ts';

const SWEEP_MS = 60_000;
/** What agents are asked for while somebody watches, and for how long after each question. */
const WATCH = { everyMs: 2_000, forMs: 20_000 };
/** Agents are asked again no sooner than this. */
const ASK_AGAIN_MS = 5_000;

export class MeshMetrics {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #edges = new EdgeTable();
  readonly #reports = new HostReports(performance.now());
  #subscription: Unsubscriber | null = null;
  #timer: NodeJS.Timeout | null = null;
  #askedAt = Number.NEGATIVE_INFINITY;
  #heard = 0;
  #refused = 0;

  constructor(bus: Bus, subjects: Subjects) {
    this.#bus = bus;
    this.#subjects = subjects;
  }

  start(): void {
    this.#subscription = this.#bus.subscribe(this.#subjects.metrics('*'), (message) => this.#hear(message));
    this.#timer = setInterval(() => this.#sweep(performance.now()), SWEEP_MS);
    this.#timer.unref();
  }

  stop(): void {
    this.#subscription?.unsubscribe();
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  query(query: MetricsQuery): MetricsReply {
    const now = performance.now();
    if (query.watch && now - this.#askedAt > ASK_AGAIN_MS) {
      this.#askedAt = now;
      this.#bus.publish(this.#subjects.agents('metrics'), JSON.stringify(WATCH));
    }
    return answerQuery(query, this.#edges.edges(now), this.#reports.counts(now), now);
  }

  samples(): Sample[] {
    const now = performance.now();
    const { reporting, silent } = this.#reports.counts(now);
    return [
      sample('towpath_mesh_hosts', reporting, { state: 'reporting' }),
      sample('towpath_mesh_hosts', silent, { state: 'silent' }),
      sample('towpath_mesh_reports_total', this.#heard),
      sample('towpath_mesh_reports_refused_total', this.#refused),
      sample('towpath_mesh_rows_dropped_total', this.#reports.dropped + this.#edges.overflows),
      ...meshSamples([...this.#edges.edges(now)], now),
    ];
  }

  /** Who reports is in the subject, which the server lets no other host use. */
  #hear({ subject, data }: BusMessage): void {
    const host = subject.slice(subject.lastIndexOf('.') + 1);
    const report = decodeJson(data, metricReportSchema, MAX_REPORT_BYTES);
    if (!report.ok || !isToken(host)) {
      this.#refused++;
      return;
    }
    this.#heard++;
    const now = performance.now();
    const { requests, connections } = this.#reports.take(host, report.value, now);
    for (const row of requests) this.#edges.addRequests(row, now);
    for (const row of connections) this.#edges.addConnections(row, now);
  }

  #sweep(now: number): void {
    this.#reports.forgetOld(now);
    this.#edges.forgetOld(now);
  }
}
