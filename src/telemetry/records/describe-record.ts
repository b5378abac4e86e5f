/** A record of the ring as an object of its own, for those few that are kept. */
import type { FailureRecord } from '../../contract/failure-record.ts';
import { ownIdOf, requestIdOf } from './record-ids.ts';
import {
  AT_ATTEMPTS,
  AT_CLUSTER,
  AT_DURATION,
  AT_ENDING,
  AT_ENDPOINT,
  AT_FLAG,
  AT_GRPC_STATUS,
  AT_REASON,
  AT_RECEIVED,
  AT_ROUTE,
  AT_SENT,
  AT_SERVICE,
  AT_STARTED,
  AT_STATUS,
  AT_TRACE,
  BIT_GRPC,
  BIT_HTTP2,
  BIT_INBOUND,
  BIT_TRACED,
  KIND_REQUEST,
  type RecordEvent,
  TEXT_AUTHORITY,
  TEXT_CLIENT,
  TEXT_DESTINATION,
  TEXT_DETAIL,
  TEXT_EVENTS,
  TEXT_METHOD,
  TEXT_PRINCIPAL,
  TEXT_TARGET,
} from './record-layout.ts';
import type { RecordView } from './record-view.ts';

/** @param host whose record it is */
export function describeRecord(view: RecordView, host: string): FailureRecord {
  return {
    id: ownIdOf(view),
    host,
    kind: view.kind === KIND_REQUEST ? 'request' : 'connection',
    time: new Date(view.double(AT_STARTED)).toISOString(),
    direction: view.has(BIT_INBOUND) ? 'inbound' : 'outbound',
    flag: view.word(AT_FLAG),
    sentence: view.text(TEXT_DETAIL),
    events: eventsOf(view),
    protocol: protocolOf(view),
    method: view.text(TEXT_METHOD),
    target: view.text(TEXT_TARGET),
    authority: view.text(TEXT_AUTHORITY),
    requestId: requestIdOf(view),
    traceId: view.has(BIT_TRACED) ? view.hex(AT_TRACE, 4) : '',
    status: view.int(AT_STATUS),
    grpcStatus: view.int(AT_GRPC_STATUS),
    attempts: view.int(AT_ATTEMPTS),
    service: view.word(AT_SERVICE),
    route: view.word(AT_ROUTE),
    cluster: view.word(AT_CLUSTER),
    endpoint: view.word(AT_ENDPOINT),
    client: view.text(TEXT_CLIENT),
    destination: view.text(TEXT_DESTINATION),
    principal: view.text(TEXT_PRINCIPAL),
    durationMs: Math.round(view.double(AT_DURATION) * 1000) / 1000,
    bytesReceived: view.double(AT_RECEIVED),
    bytesSent: view.double(AT_SENT),
    ending: view.word(AT_ENDING),
    verdict: view.word(AT_REASON),
  };
}

function protocolOf(view: RecordView): string {
  if (view.kind !== KIND_REQUEST) return '';
  return view.has(BIT_GRPC) ? 'gRPC' : view.has(BIT_HTTP2) ? 'HTTP/2' : 'HTTP/1.1';
}

/** What the data thread wrote, which is JSON by construction: nobody else writes into the ring. */
export function eventsOf(view: RecordView): RecordEvent[] {
  const text = view.text(TEXT_EVENTS);
  return text === '' ? [] : (JSON.parse(`[${text}]`) as RecordEvent[]);
}
