/** Reports of hosts, for tests. */
import type { ConnectionRow, MetricReport, RequestRow } from '../../../../src/contract/mesh-metrics.ts';
import { DURATION_BOUNDS } from '../../../../src/contract/request-block.ts';

/** `count` requests of 40 ms, 10 bytes and 100 bytes. */
export function requestRow(count: number, more: Partial<RequestRow> = {}): RequestRow {
  const durations: number[] = new Array(DURATION_BOUNDS.length + 1).fill(0);
  durations[DURATION_BOUNDS.indexOf(0.05)] = count;
  return {
    side: 'outbound',
    caller: 'shop/web',
    service: 'shop/orders',
    route: 'shop/r/0',
    endings: { '200  ': count },
    durations,
    seconds: count * 0.04,
    requestBytes: count * 10,
    responseBytes: count * 100,
    ...more,
  };
}

export function connectionRow(closed: number, more: Partial<ConnectionRow> = {}): ConnectionRow {
  const numbers = { closed, failed: 0, receivedBytes: closed * 10, sentBytes: closed * 100 };
  return { side: 'outbound', caller: 'shop/web', service: 'shop/cache', ...numbers, ...more };
}

export function report(
  sequence: number,
  requests: readonly RequestRow[],
  more: Partial<MetricReport> = {},
): MetricReport {
  return {
    boot: 'first',
    startedMs: 0,
    uptimeMs: 1_000_000,
    sequence,
    part: 0,
    parts: 1,
    requests: [...requests],
    connections: [],
    dropped: 0,
    ...more,
  };
}
