/** Compares what the generator says with what the proxy and the upstream have counted. Pure. */
import type { LoadResult } from '../load/load.ts';
import type { UpstreamCounts } from '../place/upstream.ts';
import { concurrencyOf, type Row } from '../rows.ts';
import type { Counts } from '../subjects/subject.ts';

/** wrk first connects once, and closes without a word, to see whether there is a server at all. */
const WRK_PROBES = 1;
/** iperf3 has a second connection, for its own words. */
const IPERF3_CONNECTIONS = 2;
/** A pool may hold as many connections again while old ones end. */
const POOL_SLACK = 2;

/** What was counted during one slice; null: that side counts nothing of this work. */
export interface Counted {
  readonly proxy: Counts | null;
  readonly upstream: UpstreamCounts | null;
}

export function difference(before: Counted, after: Counted): Counted {
  return {
    proxy: before.proxy === null || after.proxy === null ? null : subtract(before.proxy, after.proxy),
    upstream: before.upstream === null || after.upstream === null ? null : subtract(before.upstream, after.upstream),
  };
}

function subtract<T extends object>(before: T, after: T): T {
  const earlier = new Map(Object.entries(before));
  const rises = Object.entries(after).map(([name, value]) => [name, value === null ? null : value - earlier.get(name)]);
  return Object.fromEntries(rises) as T;
}

/** Sentences that say why the slice proves nothing; none when all counters agree with the generator. */
export function findDoubts(row: Row, result: LoadResult, { proxy, upstream }: Counted): string[] {
  const doubts: string[] = [];
  const expect = (what: string, value: number | null | undefined, [low, high]: Range): void => {
    if (value === null || value === undefined || (value >= low && value <= high)) return;
    const wanted =
      low === high ? String(low) : high === Number.POSITIVE_INFINITY ? `${low} or more` : `${low} to ${high}`;
    doubts.push(`${what} ${value}, expected ${wanted}`);
  };
  const connections = connectionsOf(row, result);
  expect(`the proxy's ${row.work} connections:`, proxy?.connections, connections);
  expect("the proxy's connections of another kind:", proxy?.strays, [0, wordlessOf(row)]);
  if (row.load.type === 'bulk') expect("the proxy's bytes:", proxy?.bytes, [result.bytes, Number.POSITIVE_INFINITY]);
  if (result.exchanges !== null) {
    expect("the proxy's requests:", proxy?.requests, atLeast(result.exchanges, row));
    expect("the upstream's requests:", upstream?.requests, atLeast(result.requests, row));
  }
  const pooled: Range = [0, POOL_SLACK * concurrencyOf(row.load)];
  if (row.work === 'tcp') expect("the upstream's connections:", upstream?.connections, connections);
  else if (!isShort(row)) expect("the upstream's connections, all kept alive:", upstream?.connections, pooled);
  return doubts;
}

type Range = readonly [low: number, high: number];

/** What is under way when the generator stops reaches the proxy but not the generator's books. */
function atLeast(count: number, { load }: Row): Range {
  return [count, count + concurrencyOf(load)];
}

function connectionsOf(row: Row, result: LoadResult): Range {
  const { load } = row;
  switch (load.type) {
    case 'wrk':
      return load.newConnectionEach
        ? [result.requests, result.requests + load.connections + WRK_PROBES]
        : [load.connections, load.connections + WRK_PROBES];
    case 'h2load':
    case 'grpc-stream':
    case 'open-loop':
      return [load.connections, load.connections];
    case 'bulk':
      return [IPERF3_CONNECTIONS, IPERF3_CONNECTIONS];
    case 'memory':
      return [0, Number.POSITIVE_INFINITY];
  }
}

/** Connections that are closed before their first byte, which nobody can take for HTTP: the probe, and what was opened at the last moment. */
function wordlessOf({ work, load }: Row): number {
  if (load.type !== 'wrk' || work === 'tcp') return 0;
  return WRK_PROBES + (load.newConnectionEach ? load.connections : 0);
}

function isShort({ load }: Row): boolean {
  return load.type === 'wrk' && load.newConnectionEach;
}
