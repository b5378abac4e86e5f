/** Tells control of this host's traffic every so often, more often while somebody watches. A report that is lost is made up for by the next. */
import { randomUUID } from 'node:crypto';
import type { Bus } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import { watchRequestSchema } from '../contract/mesh-metrics.ts';
import type { Subjects } from '../contract/subjects.ts';
import type { CountedSeries } from '../telemetry/counted-series.ts';
import { makeReports } from './metric-report.ts';

/** Between two reports; hosts do not all speak at once. */
const EVERY_MS = { min: 10_000, max: 15_000 };

/** What is reported. */
export interface ReportedTraffic {
  readonly caller: string;
  readonly series: readonly CountedSeries[];
}

export class MetricReporter {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #host: string;
  readonly #traffic: () => ReportedTraffic | null;
  readonly #boot = randomUUID();
  readonly #startedMs = Date.now();
  readonly #began = performance.now();
  #sequence = 0;
  #timer: NodeJS.Timeout | null = null;
  #watched = { everyMs: 0, untilMs: 0 };
  #stopped = false;

  /** @param traffic null = nothing is known yet */
  constructor(bus: Bus, subjects: Subjects, host: string, traffic: () => ReportedTraffic | null) {
    this.#bus = bus;
    this.#subjects = subjects;
    this.#host = host;
    this.#traffic = traffic;
  }

  start(): void {
    this.#bus.subscribe(this.#subjects.agents('metrics'), (message) => this.#watch(message.data));
    this.#next();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** Publishes one report now, if there is a connection. */
  report(): void {
    const traffic = this.#bus.connected ? this.#traffic() : null;
    if (traffic === null) return;
    const uptimeMs = Math.round(performance.now() - this.#began);
    const meta = { boot: this.#boot, startedMs: this.#startedMs, uptimeMs, sequence: this.#sequence++ };
    for (const part of makeReports(meta, traffic.caller, traffic.series))
      this.#bus.publish(this.#subjects.metrics(this.#host), JSON.stringify(part));
  }

  #watch(data: Uint8Array): void {
    const request = decodeJson(data, watchRequestSchema, MAX_RECORD_BYTES);
    if (!request.ok || this.#stopped) return;
    const { everyMs, forMs } = request.value;
    const isNew = performance.now() >= this.#watched.untilMs;
    this.#watched = { everyMs, untilMs: performance.now() + forMs };
    // The one under way would come too late; the first of many is spread.
    if (isNew) this.#in(Math.random() * everyMs);
  }

  #next(): void {
    const isWatched = performance.now() < this.#watched.untilMs;
    this.#in(isWatched ? this.#watched.everyMs : EVERY_MS.min + Math.random() * (EVERY_MS.max - EVERY_MS.min));
  }

  #in(ms: number): void {
    if (this.#stopped) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.report();
      this.#next();
    }, ms);
    this.#timer.unref();
  }
}
