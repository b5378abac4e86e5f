/** Records of sampled requests as spans of OpenTelemetry, in OTLP's JSON (opentelemetry-proto, trace.proto). */
import { describeRecord } from '../records/describe-record.ts';
import { AT_FIRST_BYTE, AT_STARTED, AT_TRACE } from '../records/record-layout.ts';
import type { RecordView } from '../records/record-view.ts';

export interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue: string } | { readonly intValue: string };
}

export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** '' = it begins the trace. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
  readonly events: readonly {
    readonly timeUnixNano: string;
    readonly name: string;
    readonly attributes: readonly KeyValue[];
  }[];
  readonly status: { readonly code?: number; readonly message?: string };
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
  const at = (ms: number): string => nanoseconds(startMs + ms);
  const firstByteMs = view.double(AT_FIRST_BYTE);
  return {
    traceId: record.traceId,
    spanId: view.hex(AT_TRACE + 16, 2),
    parentSpanId: parent === NO_PARENT ? '' : parent,
    name: nameOf(record),
    kind: isServer ? SERVER : CLIENT,
    startTimeUnixNano: at(0),
    endTimeUnixNano: at(Math.max(record.durationMs, 0)),
    attributes: attributesOf(record),
    events: [
      ...record.events.map(({ ms, name, endpoint }) => ({
        timeUnixNano: at(ms),
        name: 'towpath.try_failed',
        attributes: texts({ 'towpath.reason': name, 'towpath.endpoint': endpoint }),
      })),
      ...(firstByteMs < 0 ? [] : [{ timeUnixNano: at(firstByteMs), name: 'towpath.answer_began', attributes: [] }]),
    ],
    status: isError(record, isServer) ? { code: ERROR, message: record.sentence } : {},
  };
}

type Described = ReturnType<typeof describeRecord>;

/** Of few values: the route where there is one, never the path. */
function nameOf({ method, route, service }: Described): string {
  const where = route === '' ? service : route;
  return where === '' ? method : `${method} ${where}`;
}

/** Names of OpenTelemetry's semantic conventions where they have one. */
function attributesOf(record: Described): KeyValue[] {
  const [path = '', query = ''] = splitOnce(record.target, '?');
  const [peer = '', peerPort = ''] = splitAddress(record.endpoint);
  const [client = ''] = splitAddress(record.client);
  return [
    ...texts({
      'http.request.method': record.method,
      'url.path': path,
      'url.query': query,
      'server.address': record.authority,
      'network.protocol.name': 'http',
      'network.protocol.version': record.protocol === 'HTTP/1.1' ? '1.1' : '2',
      'network.peer.address': peer,
      'client.address': client,
      'http.route': record.route,
      'rpc.system.name': record.grpcStatus >= 0 ? 'grpc' : '',
      'error.type': record.flag === '' ? (record.status >= 500 ? String(record.status) : '') : record.flag,
      'towpath.id': record.id,
      'towpath.host': record.host,
      'towpath.direction': record.direction,
      'towpath.service': record.service,
      'towpath.cluster': record.cluster,
      'towpath.endpoint': record.endpoint,
      'towpath.response_flags': record.flag,
      'towpath.peer_principal': record.principal,
      'towpath.request_id': record.requestId,
    }),
    ...numbers({
      'http.response.status_code': record.status,
      'rpc.response.status_code': Math.max(record.grpcStatus, 0),
      'network.peer.port': Number(peerPort),
      'http.request.body.size': record.bytesReceived,
      'http.response.body.size': record.bytesSent,
      'http.request.resend_count': Math.max(record.attempts - 1, 0),
    }),
  ];
}

function isError({ flag, status, grpcStatus }: Described, isServer: boolean): boolean {
  if (flag !== '' && flag !== 'DI') return true;
  if (grpcStatus > 0) return isServer ? SERVER_ERRORS.has(grpcStatus) : true;
  return status >= (isServer ? 500 : 400);
}

function texts(values: Readonly<Record<string, string>>): KeyValue[] {
  return Object.entries(values).flatMap(([key, stringValue]) =>
    stringValue === '' ? [] : [{ key, value: { stringValue } }],
  );
}

function numbers(values: Readonly<Record<string, number>>): KeyValue[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value > 0 ? [{ key, value: { intValue: String(Math.round(value)) } }] : [],
  );
}

/** ms of the wall clock, with fractions. */
function nanoseconds(ms: number): string {
  return (BigInt(Math.floor(ms)) * 1_000_000n + BigInt(Math.round((ms % 1) * 1_000_000))).toString();
}

function splitOnce(text: string, mark: string): readonly string[] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function splitAddress(text: string): readonly string[] {
  const at = text.lastIndexOf(':');
  return at < 0 ? [text] : [text.slice(0, at).replace(/^\[|\]$/g, ''), text.slice(at + 1)];
}
