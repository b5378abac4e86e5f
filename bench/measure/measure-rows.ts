/** Runs all rows, interleaved: each round measures every row once, there and back over its contenders. */

import { thereAndBack } from '../report/statistics.ts';
import type { Row } from '../rows.ts';
import type { Subject, SubjectName, Variant } from '../subjects/subject.ts';
import { measureSlice, type Slice } from './measure-slice.ts';

export interface Sample {
  readonly round: number;
  readonly subject: SubjectName;
  /** Variant of the subject. */
  readonly label: string;
  /** Towpath runs as two equal contenders, a and b: what they differ by is the noise (A/A). All others are a. */
  readonly twin: 'a' | 'b';
  readonly slice: Slice;
}

export interface MeasuredRow {
  readonly row: Row;
  readonly samples: readonly Sample[];
  /** Why something could not be measured, in sentences. */
  readonly failures: readonly string[];
}

export interface Schedule {
  readonly pairs: number;
  readonly sliceSeconds: number;
  /** Command that places a generator on its core. */
  readonly pinned: readonly string[];
  readonly progress: (sentence: string) => void;
}

interface Contender {
  readonly subject: Subject;
  readonly variant: Variant;
  readonly twin: 'a' | 'b';
}

/**
 * Slices that nobody counts. Towpath's JIT compiler needs some 100,000 connections before it has settled: in the first second a short
 * connection costs twice as much as in the tenth.
 */
const WARM_UP_SECONDS: Readonly<Record<SubjectName, number>> = { towpath: 5, haproxy: 1, none: 1 };

/** Never throws for a failed slice: it becomes a failure of its row, and the rest goes on. */
export async function measureRows(
  rows: readonly Row[],
  subjects: readonly Subject[],
  schedule: Schedule,
): Promise<MeasuredRow[]> {
  const measured = rows.map((row) => ({ row, samples: [] as Sample[], failures: [] as string[] }));
  for (let round = -1; round < schedule.pairs; round++) {
    for (const { row, samples, failures } of measured) {
      schedule.progress(round < 0 ? `${row.name}: warm-up` : `${row.name}: pair ${round + 1} of ${schedule.pairs}`);
      for (const { subject, variant, twin } of orderOf(row, subjects, round)) {
        const seconds = round < 0 ? WARM_UP_SECONDS[subject.name] : schedule.sliceSeconds;
        try {
          const slice = await measureSlice(row, subject, variant, seconds, schedule.pinned);
          if (round >= 0) samples.push({ round, subject: subject.name, label: variant.label, twin, slice });
        } catch (error) {
          failures.push(`${row.name}, ${subject.name} (${variant.label}): ${(error as Error).message}`);
          schedule.progress(`FAILED ${failures.at(-1)}`);
        }
      }
    }
  }
  return measured;
}

function orderOf(row: Row, subjects: readonly Subject[], round: number): readonly Contender[] {
  const contenders = subjects.flatMap((subject) =>
    subject.variants(row).map((variant): Contender => ({ subject, variant, twin: 'a' })),
  );
  if (round < 0) return contenders;
  // Without a proxy only the open-loop row has a number to be compared with; for the others one look is enough.
  const proxied = contenders.filter(({ subject }) => subject.pid() !== null);
  const chosen = row.load.type === 'open-loop' ? contenders : proxied;
  const twins = chosen
    .filter(({ subject }) => subject.name === 'towpath')
    .map((one) => ({ ...one, twin: 'b' as const }));
  const order = thereAndBack([...chosen, ...twins]);
  return round === 0 && chosen === proxied ? [...contenders.filter((one) => !proxied.includes(one)), ...order] : order;
}
