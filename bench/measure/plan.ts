/** Which slices a run consists of, in which order, and how long they will take. Pure. */
import { thereAndBack } from '../report/statistics.ts';
import type { Row } from '../rows.ts';
import type { Subject, SubjectName, Variant } from '../subjects/subject.ts';
import { isJudged } from '../targets.ts';

export interface Contender {
  readonly subject: Subject;
  readonly variant: Variant;
  /** Towpath runs as two equal contenders, a and b: what they differ by is the noise (A/A). All others are a. */
  readonly twin: 'a' | 'b';
}

/** One row in one round. */
export interface Step {
  readonly row: Row;
  /** Below 0: warm-ups, which do not count: -2 of all, -1 of Towpath again. */
  readonly round: number;
  readonly slices: readonly { readonly contender: Contender; readonly seconds: number }[];
}

export interface Schedule {
  readonly pairs: number;
  readonly sliceSeconds: number;
  /** Peers without a target in a row take part in its first pair only. */
  readonly judgedOnly: boolean;
}

/**
 * Slices that nobody counts. Towpath's JIT compiler needs some 100,000 connections before it has settled: in the first second a short
 * connection costs twice as much as in the tenth.
 */
const WARM_UP_SECONDS: Readonly<Record<SubjectName, number>> = {
  towpath: 5,
  haproxy: 1,
  nginx: 1,
  nghttpx: 1,
  envoy: 1,
  none: 1,
};
/**
 * Once Towpath's compiler has seen all rows, it makes code again that it had made for the first of them alone: up to 3 s of CPU in the rounds
 * that count, were there no second pass.
 */
const WARM_UP_AGAIN_SECONDS = 2;
const FIRST_ROUND = -2;
/** Starting a generator and reading the counters. */
const OVERHEAD_SECONDS = 0.4;

/** Rows take turns within each round, so that a slow minute weighs on all of them. */
export function planSteps(rows: readonly Row[], subjects: readonly Subject[], schedule: Schedule): Step[] {
  const steps: Step[] = [];
  for (let round = FIRST_ROUND; round < schedule.pairs; round++) {
    for (const row of rows) steps.push(planStep(row, subjects, round, schedule));
  }
  return steps;
}

/** Seconds that a step will take, about. */
export function lengthOf({ row, slices }: Step): number {
  const stretch = row.load.type === 'open-loop' ? 2 : 1;
  return slices.reduce((sum, { seconds }) => sum + stretch * seconds + OVERHEAD_SECONDS, 0);
}

function planStep(row: Row, subjects: readonly Subject[], round: number, schedule: Schedule): Step {
  const able = subjects.filter((subject) => subject.cannot(row.work) === null);
  const chosen = able.filter(({ name }) => round === FIRST_ROUND || takesPart(name, row, round, schedule));
  const contenders = chosen.flatMap((subject) =>
    subject.variants(row.work).map((variant): Contender => ({ subject, variant, twin: 'a' })),
  );
  if (round < 0) {
    const seconds = (name: SubjectName): number =>
      round === FIRST_ROUND ? WARM_UP_SECONDS[name] : WARM_UP_AGAIN_SECONDS;
    const slices = contenders.map((contender) => ({ contender, seconds: seconds(contender.subject.name) }));
    return { row, round, slices };
  }
  // Without a proxy only the open-loop row has a number to be compared with; for the others one look is enough.
  const once = contenders.filter(({ subject }) => subject.name === 'none' && row.load.type !== 'open-loop');
  const paired = contenders.filter((contender) => !once.includes(contender));
  const twins = paired
    .filter(({ subject }) => subject.name === 'towpath')
    .map((one) => ({ ...one, twin: 'b' as const }));
  const order = [...once, ...thereAndBack([...paired, ...twins])];
  return { row, round, slices: order.map((contender) => ({ contender, seconds: schedule.sliceSeconds })) };
}

function takesPart(name: SubjectName, row: Row, round: number, { judgedOnly }: Schedule): boolean {
  if (name === 'towpath' || round === 0) return true;
  if (round < 0) return false;
  if (name === 'none') return row.load.type === 'open-loop';
  return !judgedOnly || isJudged(row.name, name);
}
