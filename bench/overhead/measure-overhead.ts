/** What watching every request costs: Towpath with metrics, an access log and traces against Towpath with metrics alone, in turns. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, measureSlice } from '../measure/measure-slice.ts';
import { run } from '../place/programs.ts';
import type { Row } from '../rows.ts';
import type { Towpath } from '../subjects/towpath.ts';
import { type Cost, doubtOf, type Lifetime, type Overhead, planLifetimes, type Side, summarize } from './overhead.ts';
import { type SpanSink, startSpanSink } from './span-sink.ts';

/** The compiler takes 3 s of CPU in the data thread and more in the main thread, which makes the lines, and each start begins anew. */
const WARM_UP_SECONDS = 20;
/** Of requests, that are traced. */
const TRACED_PERCENT = 1;

/** Starting and stopping an agent, and what lies around a slice. */
const START_SECONDS = 3;

export interface Schedule {
  readonly pairs: number;
  readonly sliceSeconds: number;
}

/** What these rows take, about. */
export function overheadSeconds(rows: readonly Row[], { pairs, sliceSeconds }: Schedule): number {
  return rows.length * (planLifetimes(pairs).length * (START_SECONDS + WARM_UP_SECONDS) + 4 * pairs * sliceSeconds);
}

/** Both sides use the same ports: an agent is started for each turn, and none may be running. What fails is told, and the rest goes on. */
export async function measureOverheads(
  bench: Bench,
  rows: readonly Row[],
  towpath: Towpath,
  folder: string,
  schedule: Schedule,
  progress: (sentence: string) => void,
): Promise<{ readonly overheads: Overhead[]; readonly failures: string[] }> {
  const overheads: Overhead[] = [];
  const failures: string[] = [];
  for (const row of rows) {
    const spans = await startSpanSink();
    const logFile = join(folder, 'access.log');
    const sides = { plain: towpath, watched: towpath.watched(logFile, spans.url, TRACED_PERCENT) };
    try {
      overheads.push(await new Run(bench, row, sides, logFile, spans).measure(schedule, progress));
    } catch (error) {
      failures.push(`${row.name}: ${(error as Error).message}`);
    } finally {
      spans.close();
    }
  }
  return { overheads, failures };
}

class Run {
  readonly #bench: Bench;
  readonly #row: Row;
  readonly #sides: Readonly<Record<Side, Towpath>>;
  readonly #logFile: string;
  readonly #spans: SpanSink;
  readonly #costs: Cost[] = [];

  constructor(bench: Bench, row: Row, sides: Readonly<Record<Side, Towpath>>, logFile: string, spans: SpanSink) {
    this.#bench = bench;
    this.#row = row;
    this.#sides = sides;
    this.#logFile = logFile;
    this.#spans = spans;
  }

  async measure({ pairs, sliceSeconds }: Schedule, progress: (sentence: string) => void): Promise<Overhead> {
    const lifetimes = planLifetimes(pairs);
    for (const [i, lifetime] of lifetimes.entries()) {
      progress(`${this.#row.name}: ${lifetime.side}, start ${i + 1} of ${lifetimes.length}`);
      try {
        await this.#live(lifetime, sliceSeconds);
      } finally {
        await this.#sides[lifetime.side].stop();
        rmSync(this.#logFile, { force: true });
      }
    }
    return summarize(this.#row.name, this.#costs);
  }

  async #live({ side, slices }: Lifetime, seconds: number): Promise<void> {
    const towpath = this.#sides[side];
    await towpath.start();
    const [variant] = towpath.variants(this.#row.work);
    if (variant === undefined) throw new Error('there is no way in');
    await measureSlice(this.#bench, this.#row, towpath, variant, WARM_UP_SECONDS);
    for (const pair of slices) {
      const { cpuMicrosPerRequest } = await measureSlice(this.#bench, this.#row, towpath, variant, seconds);
      this.#costs.push({ pair, side, micros: cpuMicrosPerRequest ?? Number.NaN });
    }
    if (side === 'watched') await this.#prove(towpath);
  }

  /** Ends the agent, which writes what waits. @throws Error when not every request has its line, and its share of spans */
  async #prove(towpath: Towpath): Promise<void> {
    const { requests } = await towpath.counts(this.#row.work);
    await towpath.stop();
    const [lines = ''] = (await run(['wc', '-l', this.#logFile])).split(' ');
    const doubt = doubtOf({ requests: requests ?? 0, lines: Number(lines), spans: this.#spans.take() }, TRACED_PERCENT);
    if (doubt !== null) throw new Error(doubt);
  }
}
