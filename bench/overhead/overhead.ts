/** The arithmetic of a comparison in which an agent is started for each turn. Pure. */
import { type Interval, mean, median, medianInterval } from '../report/statistics.ts';

export type Side = 'plain' | 'watched';

/** One start of an agent, and the pairs to which its slices belong. */
export interface Lifetime {
  readonly side: Side;
  readonly slices: readonly number[];
}

/** A B B A A B B A ...: neighbours of the same side share a start. */
export function planLifetimes(pairs: number): Lifetime[] {
  const slices = Array.from({ length: pairs }, (_, pair) =>
    (['plain', 'watched', 'watched', 'plain'] as const).map((side) => ({ side, pair })),
  ).flat();
  const lifetimes: { side: Side; slices: number[] }[] = [];
  for (const { side, pair } of slices) {
    const last = lifetimes.at(-1);
    if (last?.side === side) last.slices.push(pair);
    else lifetimes.push({ side, slices: [pair] });
  }
  return lifetimes;
}

export interface Overhead {
  readonly row: string;
  /** CPU per request, medians. */
  readonly plainMicros: number;
  readonly watchedMicros: number;
  /** CPU per request, watched over plain, by pair. */
  readonly ratio: Interval;
  /** Plain over itself in the same pairs. */
  readonly noise: Interval;
}

export interface Cost {
  readonly pair: number;
  readonly side: Side;
  readonly micros: number;
}

/** @param costs two of each side for each pair */
export function summarize(row: string, costs: readonly Cost[]): Overhead {
  const of = (side: Side, pair: number | null): number[] =>
    costs.filter((cost) => cost.side === side && (pair === null || cost.pair === pair)).map(({ micros }) => micros);
  const pairs = [...new Set(costs.map(({ pair }) => pair))];
  const noise = pairs.map((pair) => {
    const [first = Number.NaN, last = Number.NaN] = of('plain', pair);
    return last / first;
  });
  return {
    row,
    plainMicros: median(of('plain', null)),
    watchedMicros: median(of('watched', null)),
    ratio: medianInterval(pairs.map((pair) => mean(of('watched', pair)) / mean(of('plain', pair)))),
    noise: medianInterval(noise),
  };
}

export interface Proof {
  /** What the agent has answered in all. */
  readonly requests: number;
  readonly lines: number;
  readonly spans: number;
}

/** Connections without a request, such as the generator's first look, have lines of their own. */
const MOST_OTHERS = 100;

/** Why it proves nothing; null: every request has its line, and about so many of a hundred their span. */
export function doubtOf({ requests, lines, spans }: Proof, percent: number): string | null {
  if (requests === 0 || lines < requests || lines > requests + MOST_OTHERS)
    return `${requests} requests, but ${lines} lines in the access log`;
  const share = (100 * spans) / requests;
  return share > percent / 1.5 && share < percent * 1.5 ? null : `${spans} spans of ${requests} requests`;
}
