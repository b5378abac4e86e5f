/**
 * Every series that data threads count, or have counted before they ended, summed up; and which of them are left out, because
 * nobody has touched them for long, or because what they count for left the configuration a while ago. The first come back with the
 * value that they had; of the second only what they added to their service is kept. No sum ever goes back.
 */
import { REQUEST_BLOCK } from '../contract/request-block.ts';
import { type CountedSeries, seriesKey, sumSeries } from '../telemetry/counted-series.ts';
import type { Labels } from '../telemetry/metric.ts';
import { METRIC_DESCRIPTIONS } from '../telemetry/metric-descriptions.ts';

/** Series kept that have no place in a data thread any more, blocks of requests and others; beyond it the oldest go as if their names had. */
export const MAX_RETIRED_BLOCKS = 1_000;
export const MAX_RETIRED = 5_000;
/** Kinds of requests whose routes are gone; beyond it the oldest begin again at 0. */
export const MAX_MERGED = 1_000;
/** ms that a series stays after its name has left the configuration and it has changed last: at least one scrape sees it whole. */
export const GONE_MS = 120_000;
/** Only series with one of these can become many. */
const MANY = ['service', 'route', 'endpoint', 'cluster', 'backend', 'principal', 'policy'];

interface Seen {
  /** Changes with the series. */
  mark: number;
  /** ms of the caller's clock. */
  changedAt: number;
}

export class MetricBook {
  readonly #idleMs: number;
  readonly #isGone: (labels: Labels) => boolean;
  /** In the order in which they were retired. */
  readonly #blocks = new Map<string, CountedSeries>();
  readonly #others = new Map<string, CountedSeries>();
  /** What routes and backends that are gone have added to their services. */
  readonly #merged = new Map<string, CountedSeries>();
  #mergedCount = 0;
  #seen = new Map<string, Seen>();

  /** @param isGone whether what a series counts for is no longer configured */
  constructor(idleMs: number, isGone: (labels: Labels) => boolean) {
    this.#idleMs = idleMs;
    this.#isGone = isGone;
  }

  /** What a thread that is gone, or a series that was taken back, has counted. */
  retire(series: Iterable<CountedSeries>): void {
    for (const one of series) {
      if (METRIC_DESCRIPTIONS[one.name]?.type === 'gauge') continue;
      add(one.name === REQUEST_BLOCK ? this.#blocks : this.#others, one);
    }
    this.#limit(this.#blocks, MAX_RETIRED_BLOCKS);
    this.#limit(this.#others, MAX_RETIRED);
  }

  /** All series. @param live what the running threads have counted @param now ms, monotonic */
  read(live: Iterable<CountedSeries>, now: number): CountedSeries[] {
    const merged = { key: 'merged', name: 'towpath_series_merged_total', labels: {}, values: [this.#mergedCount] };
    const all = sumSeries(chain(live, this.#blocks.values(), this.#others.values()));
    const seen = new Map<string, Seen>();
    for (const one of all) seen.set(one.key, this.#look(one, now));
    this.#seen = seen;
    const shown = all.map((one) => (this.isIdle(one, now) ? { ...one, isIdle: true } : one));
    return [...shown, ...this.#merged.values(), merged];
  }

  isIdle({ key, labels }: Pick<CountedSeries, 'key' | 'labels'>, now: number): boolean {
    const seen = this.#seen.get(key);
    const quiet = seen === undefined ? 0 : now - seen.changedAt;
    if (quiet < Math.min(this.#idleMs, GONE_MS) || !MANY.some((label) => Object.hasOwn(labels, label))) return false;
    return quiet >= this.#idleMs || this.#isGone(labels);
  }

  /** Lets go of what is idle and gone. @param live keys that running threads still have a place for */
  prune(live: ReadonlySet<string>, now: number): void {
    for (const kept of [this.#blocks, this.#others]) {
      for (const [key, one] of kept) {
        if (live.has(key) || !this.isIdle(one, now) || !this.#isGone(one.labels)) continue;
        kept.delete(key);
        this.#merge(one);
      }
    }
  }

  /** The oldest go: first of what is no longer configured. */
  #limit(kept: Map<string, CountedSeries>, limit: number): void {
    for (const isVictim of [this.#isGone, () => true]) {
      for (const [key, oldest] of kept) {
        if (kept.size <= limit) return;
        if (!isVictim(oldest.labels)) continue;
        kept.delete(key);
        this.#merge(oldest);
      }
    }
  }

  #merge({ name, labels, values }: CountedSeries): void {
    if (name !== REQUEST_BLOCK) return;
    this.#mergedCount++;
    const kind = { ...labels, route: '', backend: '' };
    const merged = { key: `merged ${seriesKey(name, kind)}`, name, labels: kind, values };
    add(this.#merged, { ...merged, isIdle: true, isMerged: true });
    const [oldest = ''] = this.#merged.keys();
    if (this.#merged.size > MAX_MERGED) this.#merged.delete(oldest);
  }

  #look({ key, values }: CountedSeries, now: number): Seen {
    let mark = 0;
    for (const value of values) mark += value;
    const seen = this.#seen.get(key);
    return seen !== undefined && seen.mark === mark ? seen : { mark, changedAt: now };
  }
}

/** Adds to what is there, and makes it the youngest. */
function add(kept: Map<string, CountedSeries>, one: CountedSeries): void {
  const held = kept.get(one.key);
  kept.delete(one.key);
  kept.set(one.key, held === undefined ? one : (sumSeries([held, one])[0] ?? one));
}

function* chain<T>(...all: Iterable<T>[]): Iterable<T> {
  for (const one of all) yield* one;
}
