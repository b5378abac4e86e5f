/**
 * Records of sampled requests as spans of OpenTelemetry, in OTLP's JSON (opentelemetry-proto, trace.proto). They are written as
 * text at once: objects of attributes would cost more than all else that is done for a span.
 */
import { isFailure } from '../../contract/is-failure.ts';
import { describeRecord } from '../records/describe-record.ts';
import { AT_FIRST_BYTE, AT_STARTED, AT_TRACE } from '../records/record-layout.ts';
import type { RecordView } from '../records/record-view.ts';

export interface OtlpSpan {
  /** The service that was called here; '' = a program of this host calls. */
  readonly called: string;
  /** As bytes, outside the heap: text that waits would have the collector go through all of it again and again. */
  readonly json: Buffer;
}

const SERVER = 2;
const CLIENT = 3;
const ERROR = 2;
const NO_PARENT = '0000000000000000';
/** gRPC statuses by which the server failed, of all but OK a client's span is one of an error (semantic conventions of RPC). */
const SERVER_ERRORS: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);

/** One hop of one request: a client's span where a program of this host calls, a server's where it is called. */
export function spanOf(view: RecordView, host: string): OtlpSpan {
  const record = describeRecord(view, host);
  const isServer = record.direction === 'inbound';
  const startMs = view.double(AT_STARTED);
  const parent = view.hex(AT_TRACE + 24, 2);
  const firstByteMs = view.double(AT_FIRST_BYTE);
  const events = record.events.map(({ ms, name, endpoint }) =>
    event(startMs + ms, 'towpath.try_failed', text('towpath.reason', name) + text('towpath.endpoint', endpoint)),
  );
  if (firstByteMs >= 0) events.push(event(startMs + firstByteMs, 'towpath.answer_began', ''));
  const status = isError(record, isServer) ? `"code":${ERROR},"message":${JSON.stringify(record.sentence)}` : '';
  const json =
    `{"traceId":"${record.traceId}","spanId":"${view.hex(AT_TRACE + 16, 2)}"` +
    `,"parentSpanId":"${parent === NO_PARENT ? '' : parent}","name":${JSON.stringify(nameOf(record))}` +
    `,"kind":${isServer ? SERVER : CLIENT},"startTimeUnixNano":"${nanoseconds(startMs)}"` +
    `,"endTimeUnixNano":"${nanoseconds(startMs + Math.max(record.durationMs, 0))}"` +
    `,"attributes":${list(attributesOf(record))},"events":[${events.join(',')}],"status":{${status}}}`;
  return { called: isServer ? record.service : '', json: Buffer.from(json, 'utf8') };
}

type Described = ReturnType<typeof describeRecord>;

/** Of few values: the route where there is one, never the path. */
function nameOf({ method, route, service }: Described): string {
  const where = route === '' ? service : route;
  return where === '' ? method : `${method} ${where}`;
}

/** Names of OpenTelemetry's semantic conventions where they have one; each with a comma behind it, and none without a value. */
function attributesOf(record: Described): string {
  const [path = '', query = ''] = splitOnce(record.target, '?');
  const [peer = '', peerPort = ''] = splitAddress(record.endpoint);
  const [client = ''] = splitAddress(record.client);
  return (
    text('http.request.method', record.method) +
    text('url.path', path) +
    text('url.query', query) +
    text('server.address', record.authority) +
    text('network.protocol.name', 'http') +
    text('network.protocol.version', record.protocol === 'HTTP/1.1' ? '1.1' : '2') +
    text('network.peer.address', peer) +
    text('client.address', client) +
    text('http.route', record.route) +
    text('rpc.system.name', record.grpcStatus >= 0 ? 'grpc' : '') +
    text('error.type', record.flag === '' ? (record.status >= 500 ? String(record.status) : '') : record.flag) +
    ownAttributes(record) +
    number('http.response.status_code', record.status) +
    number('rpc.response.status_code', Math.max(record.grpcStatus, 0)) +
    number('network.peer.port', Number(peerPort)) +
    number('http.request.body.size', record.bytesReceived) +
    number('http.response.body.size', record.bytesSent) +
    number('http.request.resend_count', Math.max(record.attempts - 1, 0))
  );
}

function ownAttributes(record: Described): string {
  return (
    text('towpath.id', record.id) +
    text('towpath.host', record.host) +
    text('towpath.direction', record.direction) +
    text('towpath.service', record.service) +
    text('towpath.cluster', record.cluster) +
    text('towpath.endpoint', record.endpoint) +
    text('towpath.response_flags', record.flag) +
    text('towpath.peer_principal', record.principal) +
    text('towpath.request_id', record.requestId)
  );
}

function isError({ flag, status, grpcStatus }: Described, isServer: boolean): boolean {
  if (isFailure(flag)) return true;
  if (grpcStatus > 0) return isServer ? SERVER_ERRORS.has(grpcStatus) : true;
  return status >= (isServer ? 500 : 400);
}

function text(key: string, value: string): string {
  return value === '' ? '' : `{"key":"${key}","value":{"stringValue":${JSON.stringify(value)}}},`;
}

function number(key: string, value: number): string {
  return value > 0 ? `{"key":"${key}","value":{"intValue":"${Math.round(value)}"}},` : '';
}

/** @param elements each with a comma behind it */
function list(elements: string): string {
  return `[${elements.slice(0, -1)}]`;
}

function event(ms: number, name: string, attributes: string): string {
  return `{"timeUnixNano":"${nanoseconds(ms)}","name":"${name}","attributes":${list(attributes)}}`;
}

/** @param ms of the wall clock, with fractions */
function nanoseconds(ms: number): string {
  const whole = Math.floor(ms);
  return `${whole}${String(Math.floor((ms - whole) * 1_000_000)).padStart(6, '0')}`;
}

function splitOnce(text: string, mark: string): readonly string[] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function splitAddress(text: string): readonly string[] {
  const at = text.lastIndexOf(':');
  return at < 0 ? [text] : [text.slice(0, at).replace(/^\[|\]$/g, ''), text.slice(at + 1)];
}
