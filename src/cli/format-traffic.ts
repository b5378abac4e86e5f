/** Rates, success and latency of services and of who calls whom, for `towpath top` and `towpath graph`. Pure. */
import type { MetricsReply, Traffic } from '../contract/mesh-metrics.ts';
import type { CommandIo } from './command.ts';
import { formatTable, paint } from './output.ts';

const HEADER = ['service', 'callers', 'req/s', 'success', 'p50', 'p95', 'p99', 'conn/s', 'in/s', 'out/s'];

/** Columns that `towpath top` sorts by. */
export const TOP_ORDERS = ['rate', 'errors', 'p99', 'name'] as const;
export type TopOrder = (typeof TOP_ORDERS)[number];
type Service = MetricsReply['services'][number];

/** At most `rows` services that had traffic, the first by `order` first. */
export function formatTop(
  { services }: MetricsReply,
  order: TopOrder,
  rows: number,
  io: Pick<CommandIo, 'colour'>,
): string {
  const shown = services
    .filter(isBusy)
    .toSorted((a, b) => compare(a, b, order) || (a.service < b.service ? -1 : 1))
    .slice(0, rows);
  const cells = shown.map((one) => [
    nameOf(one.service, '(outside the mesh)'),
    String(one.callers),
    rateText(one.requestsPerSecond),
    successCell(one, io),
    latencyText(one.p50Ms),
    latencyText(one.p95Ms),
    latencyText(one.p99Ms),
    rateText(one.connectionsPerSecond),
    bytesText(one.receivedBytesPerSecond),
    bytesText(one.sentBytesPerSecond),
  ]);
  return formatTable(HEADER, cells);
}

/** Something passed in the time that was asked about. */
export function isBusy(traffic: Traffic): boolean {
  const { requestsPerSecond, connectionsPerSecond, receivedBytesPerSecond, sentBytesPerSecond } = traffic;
  return requestsPerSecond + connectionsPerSecond + receivedBytesPerSecond + sentBytesPerSecond > 0;
}

function compare(a: Service, b: Service, order: TopOrder): number {
  switch (order) {
    case 'rate':
      return b.requestsPerSecond + b.connectionsPerSecond - a.requestsPerSecond - a.connectionsPerSecond;
    case 'errors':
      return errorsOf(b) - errorsOf(a);
    case 'p99':
      return (b.p99Ms ?? -1) - (a.p99Ms ?? -1);
    case 'name':
      return 0;
  }
}

/** Failed requests per second. */
function errorsOf({ success, requestsPerSecond }: Traffic): number {
  return success === null ? 0 : (1 - success) * requestsPerSecond;
}

function successCell({ success }: Traffic, io: Pick<CommandIo, 'colour'>): string {
  if (success === null) return '-';
  const colour = success >= 0.999 ? 'green' : success >= 0.99 ? 'yellow' : 'red';
  return paint(io, colour, successText(success));
}

/** Rounded down, so that 100 % means all. */
export function successText(success: number): string {
  return `${(Math.floor(success * 10_000) / 100).toFixed(2)}%`;
}

/** `-` for nothing, three digits that count. */
export function rateText(perSecond: number): string {
  if (perSecond === 0) return '-';
  if (perSecond < 0.01) return '<0.01';
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond >= 10 ? perSecond.toFixed(1) : perSecond.toFixed(2);
}

/** @param ms null: nothing passed */
export function latencyText(ms: number | null): string {
  if (ms === null) return '-';
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)}s`;
  return ms >= 10 ? `${ms.toFixed(0)}ms` : `${ms.toFixed(1)}ms`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Three digits that count, in powers of 1024; `-` for nothing. */
export function bytesText(bytes: number): string {
  if (bytes === 0) return '-';
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${value >= 100 || unit === 0 ? value.toFixed(0) : value.toFixed(1)}${UNITS[unit]}`;
}

/** An empty name in words. */
export function nameOf(name: string, otherwise: string): string {
  return name === '' ? otherwise : name;
}
