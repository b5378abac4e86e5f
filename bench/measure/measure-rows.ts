/** Carries out the plan: every slice in its order, until all is measured or the time is up. */
import type { Row } from '../rows.ts';
import type { SubjectName } from '../subjects/subject.ts';
import { type Bench, measureSlice, type Slice } from './measure-slice.ts';
import { type Contender, lengthOf, type Step } from './plan.ts';

export interface Sample {
  readonly round: number;
  readonly subject: SubjectName;
  /** Variant of the subject. */
  readonly label: string;
  readonly twin: 'a' | 'b';
  readonly slice: Slice;
}

export interface MeasuredRow {
  readonly row: Row;
  readonly samples: readonly Sample[];
  /** Why something could not be measured, in sentences: the first for each contender. */
  readonly failures: readonly string[];
}

/** What a run reports while it goes on, and when it must end. */
export interface Watch {
  readonly progress: (sentence: string) => void;
  /** Reading of performance.now() after which no further pair begins; each row gets its first. */
  readonly deadline: number;
}

/** A contender that fails as often as this in a row is left out of it. */
const MAX_FAILURES = 2;

/** Never throws for a failed slice: it becomes a failure of its row, and the rest goes on. */
export async function measureRows(bench: Bench, steps: readonly Step[], watch: Watch): Promise<MeasuredRow[]> {
  const run = new Run(bench, watch);
  const clock = new Clock(steps);
  for (const step of steps) {
    const late = performance.now() + 1000 * clock.expect(step) > watch.deadline;
    const isNeeded = step.round <= 0 || run.canCompare(step);
    if (step.round > 0 && isNeeded && late) watch.progress(`${titleOf(step)} left out, the time is up`);
    if (isNeeded && (step.round <= 0 || !late)) {
      watch.progress(`${titleOf(step)}, about ${wordsFor(clock.remaining())} left`);
      await run.measure(step);
      clock.finish(step);
    } else clock.skip(step);
  }
  return run.measured;
}

type OpenRow = MeasuredRow & { readonly samples: Sample[]; readonly failures: string[] };

/** What has been measured so far, and who has failed how often. */
class Run {
  readonly #bench: Bench;
  readonly #watch: Watch;
  readonly #rows = new Map<Row, OpenRow>();
  readonly #failures = new Map<string, number>();

  constructor(bench: Bench, watch: Watch) {
    this.#bench = bench;
    this.#watch = watch;
  }

  get measured(): MeasuredRow[] {
    return [...this.#rows.values()];
  }

  /** False when Towpath has failed in this row: there is nothing to compare, and each peer has had its look. */
  canCompare({ row, slices }: Step): boolean {
    return slices.some(({ contender }) => contender.subject.name === 'towpath' && !this.#isOut(row, contender));
  }

  async measure(step: Step): Promise<void> {
    const own = this.#rows.get(step.row) ?? { row: step.row, samples: [], failures: [] };
    this.#rows.set(step.row, own);
    for (const { contender, seconds } of step.slices) {
      if (this.#isOut(step.row, contender)) continue;
      try {
        const slice = await measureSlice(this.#bench, step.row, contender.subject, contender.variant, seconds);
        if (step.round >= 0) own.samples.push(sampleOf(step, contender, slice));
      } catch (error) {
        this.#lose(own, contender, (error as Error).message);
      }
    }
  }

  #lose({ row, failures }: OpenRow, contender: Contender, reason: string): void {
    const key = keyOf(row, contender);
    const times = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, times);
    if (times === 1) failures.push(`${key}: ${reason}`);
    this.#watch.progress(`FAILED ${key}: ${reason}`);
    if (times === MAX_FAILURES) this.#watch.progress(`${key} is left out`);
  }

  #isOut(row: Row, contender: Contender): boolean {
    return (this.#failures.get(keyOf(row, contender)) ?? 0) >= MAX_FAILURES;
  }
}

function keyOf({ name }: Row, { subject, variant }: Contender): string {
  return `${name}, ${subject.name} (${variant.label})`;
}

function sampleOf({ round }: Step, { subject, variant, twin }: Contender, slice: Slice): Sample {
  return { round, subject: subject.name, label: variant.label, twin, slice };
}

function titleOf({ row, round }: Step): string {
  return `${row.name}: ${round < 0 ? 'warm-up' : `pair ${round + 1}`}`;
}

function wordsFor(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

/** Corrects the planned length of what is to come by that of what has been. */
class Clock {
  readonly #started = performance.now();
  #ahead: number;
  #done = 0;

  constructor(steps: readonly Step[]) {
    this.#ahead = steps.reduce((sum, step) => sum + lengthOf(step), 0);
  }

  finish(step: Step): void {
    this.skip(step);
    this.#done += lengthOf(step);
  }

  skip(step: Step): void {
    this.#ahead -= lengthOf(step);
  }

  /** Seconds. */
  expect(step: Step): number {
    return lengthOf(step) * this.#pace;
  }

  /** Seconds. */
  remaining(): number {
    return this.#ahead * this.#pace;
  }

  get #pace(): number {
    return this.#done === 0 ? 1 : (performance.now() - this.#started) / 1000 / this.#done;
  }
}
