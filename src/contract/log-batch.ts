/**
 * Lines of the access log on their way through the stream `TOWPATH_LOG`: a record is some lines as they were written, one after the
 * other, and its headers say how many, and under which keys a line has what a log system wants to know.
 */
import { err, ok, type Result } from '../core/result.ts';
import { z } from '../core/schema.ts';
import { decodeJson } from './decode.ts';
import type { LogFormat, Operator } from './log-format.ts';

/** Bytes of lines in one record; no line is longer. */
export const MAX_BATCH_BYTES = 192 * 1024;
/** With headers. */
export const LARGEST_LOG_RECORD = 256 * 1024;
/** Lines of one record that are looked at. */
const MAX_LINES = 8_192;
const MAX_SOURCE_BYTES = 16 * 1024;

export const LINES_HEADER = 'Towpath-Lines';
export const SOURCE_HEADER = 'Towpath-Log';

/** What a log system wants to know of a line. */
export const LOG_ROLES = [
  ...['time', 'trace', 'span', 'status', 'grpc', 'flags'],
  ...['direction', 'service', 'method', 'path', 'id', 'route', 'cluster', 'endpoint'],
] as const;
export type LogRole =
  | ('time' | 'trace' | 'span' | 'status' | 'grpc' | 'flags')
  | ('direction' | 'service' | 'method' | 'path' | 'id' | 'route' | 'cluster' | 'endpoint');
/** By role the key of a JSON line; empty for lines of text. */
export type LogKeys = Readonly<Partial<Record<LogRole, string>>>;

/** Who writes these lines. */
export interface LogSource {
  /** `service.name` of what programs of this host call. */
  readonly service: string;
  /** Towpath's. */
  readonly version: string;
  readonly keys: LogKeys;
}

const text = z.string().max(256);
const sourceSchema = z.object({ service: text, version: text, keys: z.record(text, text) });

const BY_OPERATOR: Readonly<Partial<Record<Operator['name'], LogRole>>> = {
  START_TIME: 'time',
  TRACE_ID: 'trace',
  SPAN_ID: 'span',
  RESPONSE_CODE: 'status',
  GRPC_STATUS_NUMBER: 'grpc',
  RESPONSE_FLAGS: 'flags',
  STREAM_ID: 'id',
  ROUTE_NAME: 'route',
  UPSTREAM_CLUSTER: 'cluster',
  UPSTREAM_HOST: 'endpoint',
};

/** Where a line of that format has what. Pieces that are cut, or parts of a text, do not count. */
export function keysOf(format: LogFormat): LogKeys {
  const keys: Partial<Record<LogRole, string>> = {};
  if (format.type === 'text') return keys;
  for (const { key, pieces } of format.fields) {
    const [only] = pieces;
    if (pieces.length !== 1 || only === undefined || !('operator' in only) || only.operator.most > 0) continue;
    const role = roleOf(only.operator);
    if (role !== null) keys[role] ??= key;
  }
  return keys;
}

function roleOf({ name, args }: Operator): LogRole | null {
  if (name === 'TOWPATH') return args[0] === 'direction' || args[0] === 'service' ? args[0] : null;
  if (name === 'REQ') return args.includes(':path') ? 'path' : args[0] === ':method' ? 'method' : null;
  if (name === 'START_TIME' && args[0]?.startsWith('%s') === true) return null;
  return BY_OPERATOR[name] ?? null;
}

/** What every line of the stream says, whatever the format: a log system joins logs and traces by it. */
const NEEDED: readonly { readonly name: 'TRACE_ID' | 'SPAN_ID' | 'GRPC_STATUS_NUMBER'; readonly key: string }[] = [
  { name: 'TRACE_ID', key: 'trace_id' },
  { name: 'SPAN_ID', key: 'span_id' },
  { name: 'GRPC_STATUS_NUMBER', key: 'grpc_status' },
];

/** The format with what is needed, behind its own; a line of text stays as it is. */
export function withTraceKeys(format: LogFormat): LogFormat {
  if (format.type === 'text') return format;
  const keys = keysOf(format);
  const taken = new Set(format.fields.map(({ key }) => key));
  const added = NEEDED.flatMap(({ name, key }) => {
    if (keys[BY_OPERATOR[name] ?? 'trace'] !== undefined || taken.has(key)) return [];
    const type = name === 'GRPC_STATUS_NUMBER' ? ('number' as const) : ('text' as const);
    return [{ key, pieces: [{ operator: { name, type, args: [], most: 0 } }] }];
  });
  return { type: 'json', fields: [...format.fields, ...added] };
}

/** The lines of a record, and who wrote them; a sentence for what is none. */
export function readBatch(
  data: Uint8Array,
  header: (name: string) => string,
): Result<{ readonly source: LogSource; readonly lines: readonly string[] }, string> {
  const source = decodeJson(Buffer.from(header(SOURCE_HEADER)), sourceSchema, MAX_SOURCE_BYTES);
  if (!source.ok) return err(`its header ${SOURCE_HEADER}: ${source.error}`);
  if (data.length > LARGEST_LOG_RECORD) return err(`it has ${data.length} bytes`);
  const lines = Buffer.from(data.buffer, data.byteOffset, data.length).toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length > MAX_LINES) return err(`it has ${lines.length} lines`);
  return ok({ source: source.value, lines });
}
