/** What an agent tells control of its traffic, made of what its data threads have counted. Pure. */
import {
  type ConnectionRow,
  MAX_REPORT_PARTS,
  MAX_REPORT_ROWS,
  MAX_ROW_ENDINGS,
  type MetricReport,
  type RequestRow,
} from '../contract/mesh-metrics.ts';
import {
  AT_DURATION,
  AT_REQUEST_BYTES,
  AT_RESPONSE_BYTES,
  AT_SECONDS,
  type RequestLabels,
  requestsOf,
} from '../contract/request-block.ts';
import { type CountedSeries, type RequestCounts, requestCounts } from '../telemetry/counted-series.ts';

/** Half of what a report may have: one part holds rows of either kind. */
const MAX_ROWS = (MAX_REPORT_PARTS * MAX_REPORT_ROWS) / 2;

/** Who calls from this host: its one workload (`<namespace>/<name>`), else the host itself. */
export function callerOf(host: string, workloads: readonly { readonly key: string }[]): string {
  const [only] = workloads;
  return only !== undefined && workloads.length === 1 ? only.key : `host:${host}`;
}

export type ReportMeta = Pick<MetricReport, 'boot' | 'startedMs' | 'uptimeMs' | 'sequence'>;

/** The parts of one report, the busiest rows first. */
export function makeReports(meta: ReportMeta, caller: string, series: readonly CountedSeries[]): MetricReport[] {
  const requests = requestRows(caller, requestCounts(series)).toSorted((a, b) => sum(b.durations) - sum(a.durations));
  const connections = connectionRows(caller, series).toSorted((a, b) => b.closed - a.closed);
  const dropped = Math.max(0, requests.length - MAX_ROWS) + Math.max(0, connections.length - MAX_ROWS);
  const shown = [pieces(requests.slice(0, MAX_ROWS)), pieces(connections.slice(0, MAX_ROWS))] as const;
  const bodies = [
    ...shown[0].map((rows) => ({ requests: rows, connections: [] })),
    ...shown[1].map((rows) => ({ requests: [], connections: rows })),
  ];
  if (bodies.length === 0) bodies.push({ requests: [], connections: [] });
  return bodies.map((body, part) => ({ ...meta, part, parts: bodies.length, ...body, dropped }));
}

function requestRows(caller: string, counts: readonly RequestCounts[]): RequestRow[] {
  const rows = new Map<string, RequestRow & { durations: number[] }>();
  for (const { labels, values, isMerged } of counts) {
    // Control has been told of them, under their routes.
    if (isMerged) continue;
    const { side, service, route } = labels;
    const who = side === 'outbound' ? caller : labels.principal;
    const key = JSON.stringify([side, who, service, route]);
    const row = rows.get(key) ?? emptyRow(side, who, service, route);
    rows.set(key, row);
    const ending = endingOf(labels, row.endings);
    row.endings[ending] = (row.endings[ending] ?? 0) + requestsOf(values);
    for (const i of row.durations.keys()) row.durations[i] = (row.durations[i] ?? 0) + (values[AT_DURATION + i] ?? 0);
    row.seconds += values[AT_SECONDS] ?? 0;
    row.requestBytes += values[AT_REQUEST_BYTES] ?? 0;
    row.responseBytes += values[AT_RESPONSE_BYTES] ?? 0;
  }
  return [...rows.values()].filter(({ durations }) => sum(durations) > 0);
}

/** `<code> <flags> <grpc status>`; past the limit the class of the code stands for the rest. */
function endingOf({ code, flags, grpcStatus }: RequestLabels, known: Readonly<Record<string, number>>): string {
  const ending = `${code} ${flags} ${grpcStatus}`;
  const isRoom = known[ending] !== undefined || Object.keys(known).length < MAX_ROW_ENDINGS - 10;
  return isRoom ? ending : `${code.slice(0, 1)}xx  `;
}

function emptyRow(side: RequestLabels['side'], caller: string, service: string, route: string): RequestRow {
  const durations: number[] = new Array(AT_SECONDS - AT_DURATION).fill(0);
  return { side, caller, service, route, endings: {}, durations, seconds: 0, requestBytes: 0, responseBytes: 0 };
}

const CONNECTIONS = 'towpath_connections_closed_total';
const BYTES: ReadonlyMap<string, 'receivedBytes' | 'sentBytes'> = new Map([
  ['towpath_connection_received_bytes_total', 'receivedBytes'],
  ['towpath_connection_sent_bytes_total', 'sentBytes'],
]);

/** Of connections that are not HTTP. */
function connectionRows(caller: string, series: readonly CountedSeries[]): ConnectionRow[] {
  const rows = new Map<string, ConnectionRow>();
  for (const { name, labels, values } of series) {
    const { side, service = '', verdict = '', ending } = labels;
    const bytes = BYTES.get(name);
    if (name !== CONNECTIONS && bytes === undefined) continue;
    if ((side !== 'outbound' && side !== 'inbound') || verdict.startsWith('http')) continue;
    const key = `${side} ${service}`;
    const who = side === 'outbound' ? caller : '';
    const none: ConnectionRow = { side, caller: who, service, closed: 0, failed: 0, receivedBytes: 0, sentBytes: 0 };
    const row = rows.get(key) ?? none;
    rows.set(key, row);
    const value = values[0] ?? 0;
    if (bytes !== undefined) row[bytes] += value;
    else {
      row.closed += value;
      if (ending !== 'closed' && ending !== 'drained') row.failed += value;
    }
  }
  return [...rows.values()];
}

function pieces<T>(rows: readonly T[]): T[][] {
  const all: T[][] = [];
  for (let at = 0; at < rows.length; at += MAX_REPORT_ROWS) all.push(rows.slice(at, at + MAX_REPORT_ROWS));
  return all;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
