/**
 * Proves who answered: what one side of an agent counted while a test did something, as a value that can be compared as a
 * whole. A proxy that silently fell back to relaying bytes, or was not there at all, counts something else.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { TestLab } from './lab.ts';
import type { Metrics, Sample } from './metrics.ts';

export type Side = 'outbound' | 'inbound';

/** What one side of one agent counted. Absent keys mean zero. */
export interface SideTraffic {
  readonly opened: number;
  /** `<verdict> <ending>`, such as `http1 closed`. */
  readonly closed: Readonly<Record<string, number>>;
  /** `<verdict> <reason>`, such as `opaque server-first`. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** `<code>` or `<code> <flag>`, such as `200` or `503 UH`. */
  readonly requests: Readonly<Record<string, number>>;
}

export interface Bytes {
  readonly received: number;
  readonly sent: number;
}

export const NOTHING: SideTraffic = { opened: 0, closed: {}, verdicts: {}, requests: {} };

/** How long counters may take to say what is expected: connections are counted when they end. */
const SETTLE_MS = 20_000;

/** `connections` of one verdict and reason that all ended well. */
export function connections(count: number, verdict: string, reason = 'client-bytes'): SideTraffic {
  return {
    opened: count,
    closed: { [`${verdict} closed`]: count },
    verdicts: { [`${verdict} ${reason}`]: count },
    requests: {},
  };
}

/** Counts per `<key of the labels>` of one metric between two scrapes, without zeros. */
function tally(
  before: Metrics,
  after: Metrics,
  name: string,
  side: Side,
  key: (labels: Sample['labels']) => string,
): Record<string, number> {
  const sums = new Map<string, number>();
  const add = (metrics: Metrics, sign: number): void => {
    for (const sample of metrics.samples) {
      if (sample.name !== name || sample.labels['side'] !== side) continue;
      const k = key(sample.labels).trim();
      sums.set(k, (sums.get(k) ?? 0) + sign * sample.value);
    }
  };
  add(before, -1);
  add(after, 1);
  return Object.fromEntries([...sums].filter(([, value]) => value !== 0).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What `side` counted between two scrapes. */
export function trafficBetween(before: Metrics, after: Metrics, side: Side): SideTraffic {
  const opened = 'towpath_connections_opened_total';
  return {
    opened: after.value(opened, { side }) - before.value(opened, { side }),
    closed: tally(
      before,
      after,
      'towpath_connections_closed_total',
      side,
      (l) => `${l['verdict'] ?? 'none'} ${l['ending']}`,
    ),
    verdicts: tally(before, after, 'towpath_verdicts_total', side, (l) => `${l['verdict']} ${l['reason']}`),
    requests: tally(before, after, 'towpath_requests_total', side, (l) => `${l['code']} ${l['flags']}`),
  };
}

export function bytesBetween(before: Metrics, after: Metrics, side: Side): Bytes {
  const grown = (name: string): number => after.value(name, { side }) - before.value(name, { side });
  return {
    received: grown('towpath_connection_received_bytes_total'),
    sent: grown('towpath_connection_sent_bytes_total'),
  };
}

/** Which side of which host is watched, as `client outbound`. */
export type Expected = Readonly<Record<`${string} ${Side}`, SideTraffic>>;
export type Counted = Readonly<Record<string, SideTraffic & { readonly bytes: Bytes }>>;

/**
 * Runs `body`, then waits until the named sides have counted exactly what is expected, or 20 s have passed; asserts it.
 * Answers with everything counted, bytes too.
 */
export async function countsExactly(
  t: { same(found: unknown, wanted: unknown, message: string): boolean },
  lab: TestLab,
  expected: Expected,
  body: () => Promise<void>,
): Promise<Counted> {
  const keys = Object.keys(expected);
  const hosts = [...new Set(keys.map((key) => key.split(' ')[0] ?? ''))];
  const before = await scrape(lab, hosts);
  await body();
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const after = await scrape(lab, hosts);
    const found = Object.fromEntries(
      keys.map((key) => [key, between(before, after, key, (a, b, side) => trafficBetween(a, b, side))]),
    );
    if (!isDeepStrictEqual(found, expected) && performance.now() < deadline) {
      await sleep(50);
      continue;
    }
    t.same(found, expected, 'the agents counted exactly this');
    return Object.fromEntries(
      keys.map((key) => [
        key,
        {
          ...between(before, after, key, trafficBetween),
          bytes: between(before, after, key, bytesBetween),
        },
      ]),
    );
  }
}

async function scrape(lab: TestLab, hosts: readonly string[]): Promise<ReadonlyMap<string, Metrics>> {
  return new Map(
    await Promise.all(hosts.map(async (host): Promise<[string, Metrics]> => [host, await lab.metrics(host)])),
  );
}

function between<T>(
  before: ReadonlyMap<string, Metrics>,
  after: ReadonlyMap<string, Metrics>,
  key: string,
  compare: (before: Metrics, after: Metrics, side: Side) => T,
): T {
  const [host = '', side] = key.split(' ');
  const [a, b] = [before.get(host), after.get(host)];
  if (a === undefined || b === undefined) throw new Error(`no metrics of ${host}`);
  return compare(a, b, side as Side);
}

/** What must hold at the end of every file: no broken promise inside an agent, and no connection that was never closed. */
export async function assertSound(
  t: { equal(found: unknown, wanted: unknown, message: string): boolean },
  lab: TestLab,
  hosts: readonly string[],
): Promise<void> {
  for (const host of hosts) {
    const metrics = await atRest(lab, host);
    t.equal(metrics.value('towpath_internal_errors_total'), 0, metrics.describe('towpath_internal_errors_total'));
    t.equal(metrics.value('towpath_series_dropped_total'), 0, `${host}: no series is dropped`);
    t.equal(metrics.value('towpath_data_thread_stalls_total'), 0, `${host}: the data thread never stalled`);
    t.equal(openedMinusClosed(metrics), openNow(metrics), `${host}: opened minus closed is what is open`);
  }
}

type HostMetrics = Awaited<ReturnType<TestLab['metrics']>>;
const openedMinusClosed = (metrics: HostMetrics): number =>
  metrics.value('towpath_connections_opened_total') - metrics.value('towpath_connections_closed_total');
const openNow = (metrics: HostMetrics): number => metrics.value('towpath_connections_open');

/** A connection that closes while the counters are read one by one is in some of them only: looked at again, for two seconds at most. */
async function atRest(lab: TestLab, host: string): Promise<HostMetrics> {
  for (let look = 1; ; look++) {
    const metrics = await lab.metrics(host);
    if (openedMinusClosed(metrics) === openNow(metrics) || look === 20) return metrics;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
