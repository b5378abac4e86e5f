/** Lines of the access log as log records of OpenTelemetry, in OTLP's JSON (opentelemetry-proto, logs.proto). Pure. */
import { isFailure } from '../../contract/is-failure.ts';
import type { LogKeys, LogRole, LogSource } from '../../contract/log-batch.ts';

interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue: string } | { readonly intValue: string };
}

export interface OtlpLogRecord {
  readonly timeUnixNano: string;
  readonly observedTimeUnixNano: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: readonly KeyValue[];
  /** Absent: the request had no trace. */
  readonly traceId?: string;
  readonly spanId?: string;
}

/** Lines of one host, as they came. */
export interface HostLines {
  readonly host: string;
  readonly source: LogSource;
  /** Unix ms. */
  readonly arrivedMs: number;
  readonly lines: readonly string[];
}

const SEVERITIES = { INFO: 9, WARN: 13, ERROR: 17 } as const;
type Severity = keyof typeof SEVERITIES;
/** gRPC statuses by which the server failed, as for spans. */
const SERVER_ERRORS: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);
const NANOSECONDS = 1_000_000n;
const TEXTS: readonly (readonly [role: LogRole, name: string])[] = [
  ['method', 'http.request.method'],
  ['route', 'http.route'],
  ['direction', 'towpath.direction'],
  ['service', 'towpath.service'],
  ['cluster', 'towpath.cluster'],
  ['endpoint', 'towpath.endpoint'],
  ['flags', 'towpath.response_flags'],
  ['id', 'towpath.id'],
];

type Fields = Readonly<Record<string, unknown>>;

/** The body of a request to `/v1/logs`: records by the workload that was called, or whatever calls from a host. */
export function logsBody(batches: readonly HostLines[]): string {
  const resourceLogs = batches.flatMap(({ host, source, arrivedMs, lines }) => {
    const records = lines.map((line) => ({ line, fields: fieldsOf(line, source.keys) }));
    const groups = Map.groupBy(records, ({ fields }) => serviceOf(fields, source));
    return Array.from(groups, ([service, group]) => ({
      resource: { attributes: resourceOf(service, host, source.version) },
      scopeLogs: [
        {
          scope: { name: 'towpath', version: source.version },
          logRecords: group.map(({ line, fields }) => logRecordOf(line, fields, source.keys, arrivedMs)),
        },
      ],
    }));
  });
  return JSON.stringify({ resourceLogs });
}

function logRecordOf(line: string, fields: Fields, keys: LogKeys, arrivedMs: number): OtlpLogRecord {
  const said = saying(fields, keys);
  const severity = severityOf(said);
  const observed = String(BigInt(Math.round(arrivedMs)) * NANOSECONDS);
  const traceId = said.text('trace');
  const spanId = said.text('span');
  return {
    timeUnixNano: timeOf(said.text('time')) ?? observed,
    observedTimeUnixNano: observed,
    severityNumber: SEVERITIES[severity],
    severityText: severity,
    body: { stringValue: line },
    attributes: attributesOf(said),
    ...(/^[0-9a-f]{32}$/.test(traceId) ? { traceId } : {}),
    ...(/^[0-9a-f]{16}$/.test(spanId) ? { spanId } : {}),
  };
}

/** What a line says in each role: '' or -1 for nothing. */
interface Said {
  readonly text: (role: LogRole) => string;
  readonly number: (role: LogRole) => number;
}

function saying(fields: Fields, keys: LogKeys): Said {
  const find = (role: LogRole): unknown => fields[keys[role] ?? ''];
  return {
    text: (role) => {
      const value = find(role);
      return typeof value === 'string' && value !== '-' ? value : '';
    },
    number: (role) => {
      const value = find(role);
      return typeof value === 'number' && Number.isFinite(value) ? value : -1;
    },
  };
}

/** No fields, of a line of text. */
function fieldsOf(line: string, keys: LogKeys): Fields {
  if (Object.keys(keys).length === 0) return {};
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Fields) : {};
  } catch {
    return {};
  }
}

function serviceOf(fields: Fields, { keys, service }: LogSource): string {
  const said = saying(fields, keys);
  const called = said.text('direction') === 'inbound' ? said.text('service') : '';
  return called === '' ? service : called;
}

function resourceOf(service: string, host: string, version: string): KeyValue[] {
  return Object.entries({
    'service.name': service,
    'host.name': host,
    'telemetry.sdk.name': 'towpath',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': version,
  }).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

/** The caller's faults are warnings; a downstream that went away (DC, DI) is nobody's. */
function severityOf(said: Said): Severity {
  const status = said.number('status');
  const flags = said.text('flags');
  if (status >= 500 || SERVER_ERRORS.has(said.number('grpc'))) return 'ERROR';
  if (status >= 400) return 'WARN';
  return isFailure(flags) && flags !== 'DC' ? 'ERROR' : 'INFO';
}

/** ns, of RFC 3339 with milliseconds; null: it says none. */
function timeOf(text: string): string | null {
  const ms = text === '' ? Number.NaN : Date.parse(text);
  return Number.isFinite(ms) && ms > 0 ? String(BigInt(Math.round(ms)) * NANOSECONDS) : null;
}

function attributesOf(said: Said): KeyValue[] {
  const [path = ''] = said.text('path').split('?', 1);
  const status = said.number('status');
  const grpc = said.number('grpc');
  return [
    { key: 'log.type', value: { stringValue: 'access' } },
    ...TEXTS.flatMap(([role, key]) => textAttribute(key, said.text(role))),
    ...textAttribute('url.path', path),
    ...numberAttribute('http.response.status_code', status),
    ...numberAttribute('rpc.response.status_code', grpc),
  ];
}

function textAttribute(key: string, stringValue: string): KeyValue[] {
  return stringValue === '' ? [] : [{ key, value: { stringValue } }];
}

function numberAttribute(key: string, value: number): KeyValue[] {
  return value > 0 ? [{ key, value: { intValue: String(Math.round(value)) } }] : [];
}
