/** From slices to the numbers of the table. Pure. */

import type { Memory } from '../measure/measure-memory.ts';
import type { MeasuredRow, Sample } from '../measure/measure-rows.ts';
import { SUBJECTS, type SubjectName } from '../subjects/subject.ts';
import { type Interval, mean, median, medianInterval } from './statistics.ts';

/** One element of the array that --json writes. null: not measurable for this row or subject. */
export interface Result {
  readonly row: string;
  readonly subject: SubjectName;
  readonly cpuMicrosPerRequest: number | null;
  readonly requestsPerSecond: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly p999Ms: number | null;
  readonly rssBytes: number | null;
}

/** Towpath's CPU per request over a peer's, by pair. */
export interface Comparison {
  readonly row: string;
  readonly peer: SubjectName;
  /** Way in which the peer was better, such as splicing. */
  readonly peerLabel: string;
  readonly ratio: Interval;
  /** Towpath over itself, in the same pairs: no difference smaller than this interval means anything. null: not measured. */
  readonly noise: Interval | null;
}

export function resultsOf({ row, samples }: MeasuredRow): Result[] {
  return SUBJECTS.flatMap((subject): Result[] => {
    const slices = bestVariant(samples, subject).map((sample) => sample.slice);
    if (slices.length === 0) return [];
    const over = (pick: (slice: Sample['slice']) => number | null | undefined): number | null => {
      const values = slices.map(pick).filter((value) => value !== null && value !== undefined);
      return values.length === 0 ? null : median(values);
    };
    return [
      {
        row: row.name,
        subject,
        cpuMicrosPerRequest: over((slice) => slice.cpuMicrosPerRequest),
        requestsPerSecond: over((slice) => slice.requestsPerSecond),
        p50Ms: over((slice) => slice.latency?.p50),
        p99Ms: over((slice) => slice.latency?.p99),
        p999Ms: over((slice) => slice.latency?.p999),
        rssBytes: over((slice) => slice.rssBytes),
      },
    ];
  });
}

export function memoryResult({ subject, idleRssBytes }: Memory): Result {
  const untimed = { cpuMicrosPerRequest: null, requestsPerSecond: null, p50Ms: null, p99Ms: null, p999Ms: null };
  return { row: 'memory', subject, ...untimed, rssBytes: idleRssBytes };
}

/** One comparison for each peer that was measured in the same rounds as Towpath. */
export function comparisonsOf({ row, samples }: MeasuredRow): Comparison[] {
  const own = samples.filter((sample) => sample.subject === 'towpath');
  const twinA = byRound(own.filter((sample) => sample.twin === 'a'));
  const twinB = byRound(own.filter((sample) => sample.twin === 'b'));
  const twins = ratios(twinA, twinB);
  const noise = twins.length === 0 ? null : medianInterval(twins);
  return SUBJECTS.filter((subject) => subject !== 'towpath' && subject !== 'none').flatMap((peer): Comparison[] => {
    const others = bestVariant(samples, peer);
    const perRound = ratios(byRound(own), byRound(others));
    if (perRound.length === 0) return [];
    const peerLabel = others[0]?.label ?? '';
    return [{ row: row.name, peer, peerLabel, ratio: medianInterval(perRound), noise }];
  });
}

/** The samples of the way of working in which the subject needs the least CPU. */
function bestVariant(samples: readonly Sample[], subject: SubjectName): readonly Sample[] {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    if (sample.subject !== subject) continue;
    groups.set(sample.label, [...(groups.get(sample.label) ?? []), sample]);
  }
  const cost = (group: readonly Sample[]): number => median(group.map(({ slice }) => slice.cpuMicrosPerRequest ?? 0));
  return [...groups.values()].sort((a, b) => cost(a) - cost(b))[0] ?? [];
}

/** Mean CPU per request of each round. */
function byRound(samples: readonly Sample[]): Map<number, number> {
  const values = new Map<number, number[]>();
  for (const { round, slice } of samples) {
    if (slice.cpuMicrosPerRequest === null) continue;
    values.set(round, [...(values.get(round) ?? []), slice.cpuMicrosPerRequest]);
  }
  return new Map([...values].map(([round, costs]) => [round, mean(costs)]));
}

/** Only rounds that both sides finished. */
function ratios(ours: ReadonlyMap<number, number>, theirs: ReadonlyMap<number, number>): number[] {
  return [...ours].flatMap(([round, cost]) => {
    const other = theirs.get(round);
    return other === undefined ? [] : [cost / other];
  });
}
