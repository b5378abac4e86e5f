/** What data threads have counted under one name and set of labels: one number, or the numbers of a block of requests. */
import { REQUEST_BLOCK, type RequestLabels } from '../contract/request-block.ts';
import type { Exemplar, Labels } from './metric.ts';

export interface CountedSeries {
  /** Of name and labels. */
  readonly key: string;
  readonly name: string;
  readonly labels: Labels;
  readonly values: readonly number[];
  /** Nobody has touched it for long: shown only together with others that are in use. */
  readonly isIdle?: boolean | undefined;
  /** Of requests whose route and backend are no longer configured, and not told here: part of sums over all routes alone. */
  readonly isMerged?: boolean | undefined;
}

/** Requests that share their labels (`contract/request-block.ts`). */
export interface RequestCounts {
  readonly labels: RequestLabels;
  readonly values: readonly number[];
  readonly isIdle?: boolean | undefined;
  readonly isMerged?: boolean | undefined;
  /** By bucket of the durations. */
  readonly exemplars?: readonly (Exemplar | undefined)[] | undefined;
}

export function seriesKey(name: string, labels: Labels): string {
  return `${name}${JSON.stringify(labels)}`;
}

/** Several data threads count the same series, and threads that are gone have: each comes out once. */
export function sumSeries(all: Iterable<CountedSeries>): CountedSeries[] {
  const sums = new Map<string, CountedSeries>();
  for (const one of all) {
    const held = sums.get(one.key);
    sums.set(one.key, held === undefined ? one : { ...one, values: addUp(held.values, one.values) });
  }
  return [...sums.values()];
}

function addUp(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value + (b[i] ?? 0));
}

/** Blocks among `all`; the one of requests that found no place of their own has few labels, and gets the rest. */
export function requestCounts(all: readonly CountedSeries[]): RequestCounts[] {
  return all.flatMap(({ name, labels, values, isIdle, isMerged }) =>
    name === REQUEST_BLOCK ? [{ labels: { ...OVERFLOW, ...labels }, values, isIdle, isMerged }] : [],
  );
}

/** Of requests that found no place of their own: nothing is known but how many. */
const OVERFLOW: RequestLabels = {
  side: 'outbound',
  service: '',
  route: '',
  backend: '',
  protocol: 'http1',
  method: '_OTHER',
  code: '0',
  flags: '',
  grpcStatus: '',
  principal: '',
};
