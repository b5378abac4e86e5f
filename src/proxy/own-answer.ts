/** Answers that the proxy itself gives: written, noted in the record, counted. */
import { COMPOSE_BYTES } from '../reactor/slab.ts';
import type { Socket } from '../reactor/socket.ts';
import { constantBytes } from './codec/http1/bytes.ts';
import { FRAMING_NONE, type Http1Head } from './codec/http1/http1-head.ts';
import { writeErrorAnswer } from './codec/http1/respond-head.ts';
import type { Inserted } from './codec/http2/hpack-encoder.ts';
import type { Http2Answer, Http2Stream } from './codec/http2/http2-stream.ts';
import type { ConnectionRecord } from './connection-record.ts';
import type { Context } from './context.ts';
import type { RequestDecision } from './decide-request.ts';
import { encodeGrpcMessage } from './grpc/grpc-status.ts';
import { RESPONSE_FLAGS, type ResponseFlag } from './response-flags.ts';

const NOTHING = new Uint8Array(0);
const PLAIN_TEXT = field('content-type', 'text/plain; charset=utf-8');
const GRPC = field('content-type', 'application/grpc');

export interface OwnAnswer {
  readonly flag: ResponseFlag;
  readonly status: number;
  /** One plain sentence: which hop, which rule, what the peer did. */
  readonly sentence: string;
  /** HTTP/1.1: the answer says `Connection: close`; the caller closes accordingly. */
  readonly close: boolean;
  readonly service: string;
  readonly route: string;
  /** The request was HEAD. */
  readonly isHead: boolean;
  /** Since the request began. */
  readonly seconds: number;
}

/** The answer that `decision` gives to the request with that head. `stillSending`: more than the head may be on its way. */
export function answerOf(
  decision: Extract<RequestDecision, { type: 'answer' }>,
  head: Http1Head,
  draining: boolean,
): OwnAnswer & { readonly stillSending: boolean } {
  const { isHead, isConnect, framing, keepAlive } = head;
  const { flag, sentence, service, route } = decision;
  // What a client sends behind a refused CONNECT was meant for the tunnel, never a request to us (RFC 9931).
  const stillSending = framing !== FRAMING_NONE || isConnect;
  const close = stillSending || !keepAlive || draining;
  const { status } = RESPONSE_FLAGS[flag];
  return { flag, status, sentence, close, service, route, isHead, seconds: 0, stillSending };
}

/** Sends `answer` to the client. The connection's own id is in the answer, the log and `towpath explain`. */
export function sendOwnAnswer(context: Context, socket: Socket, record: ConnectionRecord, answer: OwnAnswer): void {
  const { slab } = context.reactor;
  const { flag, status, sentence, service, route } = answer;
  note(record, answer);
  const n = writeErrorAnswer(slab.bytes, slab.composeArea, COMPOSE_BYTES, {
    status,
    flag,
    connectionId: idOf(record),
    sentence,
    close: answer.close,
    toHead: answer.isHead,
    insert: '',
  });
  if (n > 0) context.reactor.write(socket, slab.composeArea, n);
  context.meter.series(record.side, service, route, '').count(status, flag, answer.seconds);
}

/**
 * As `sendOwnAnswer`, on a stream. What the client still sends is unwanted: RST_STREAM(NO_ERROR) says so (RFC 9113 8.1). To gRPC
 * the answer is a status in trailers alone.
 */
export function sendHttp2Answer(
  context: Context,
  stream: Http2Stream,
  record: ConnectionRecord,
  answer: OwnAnswer,
  isGrpc: boolean,
): void {
  const { flag, status, service, route, seconds } = answer;
  note(record, answer);
  stream.sendAnswer(isGrpc ? grpcAnswer(record, answer) : plainAnswer(record, answer));
  const series = context.meter.series(record.side, service, route, '');
  if (isGrpc) series.countGrpc(RESPONSE_FLAGS[flag].grpcStatus, 200, flag, seconds);
  else series.countHttp2(status, flag, seconds);
}

function plainAnswer(record: ConnectionRecord, { flag, status, sentence, isHead }: OwnAnswer): Http2Answer {
  const body = isHead ? NOTHING : constantBytes(`${toAscii(sentence)}\n`);
  const fields = [PLAIN_TEXT, errorField(record, flag)];
  if (body.length > 0) fields.push(field('content-length', String(body.length)));
  return { status, fields, body };
}

function grpcAnswer(record: ConnectionRecord, { flag, sentence }: OwnAnswer): Http2Answer {
  const status = grpcFields(flag, sentence).map(([name, value]) => field(name, value));
  return { status: 200, fields: [GRPC, ...status, errorField(record, flag)], body: NOTHING };
}

/** The fields that tell a gRPC client how its call ended. */
export function grpcFields(flag: ResponseFlag, sentence: string): readonly (readonly [string, string])[] {
  return [
    ['grpc-status', String(RESPONSE_FLAGS[flag].grpcStatus)],
    ['grpc-message', encodeGrpcMessage(sentence)],
  ];
}

function errorField(record: ConnectionRecord, flag: ResponseFlag): Inserted {
  return field('x-towpath-error', `${flag}; connection=${idOf(record)}`);
}

function field(name: string, value: string): Inserted {
  return { name: constantBytes(name), value: constantBytes(value) };
}

function note(record: ConnectionRecord, { flag, sentence }: OwnAnswer): void {
  record.flag = flag;
  record.detail = sentence;
}

function idOf(record: ConnectionRecord): string {
  return `${record.openedAt.toString(36).replace('.', '')}-${record.requests}`;
}

function toAscii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
