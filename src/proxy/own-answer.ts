/** Answers that the proxy itself gives: written, noted in the record, counted. */
import { COMPOSE_BYTES, LARGE_CHUNK } from '../reactor/slab.ts';
import type { Socket } from '../reactor/socket.ts';
import { constantBytes } from './codec/http1/bytes.ts';
import type { CompiledEdits } from './codec/http1/header-edits.ts';
import { FRAMING_NONE, type Http1Head } from './codec/http1/http1-head.ts';
import { writeErrorAnswer, writeRuleHead } from './codec/http1/respond-head.ts';
import { NO_ERROR } from './codec/http2/error-codes.ts';
import type { Inserted } from './codec/http2/hpack-encoder.ts';
import type { Http2Answer, Http2Stream } from './codec/http2/http2-stream.ts';
import type { MessageHead } from './codec/message-head.ts';
import type { ConnectionRecord } from './connection-record.ts';
import type { Context } from './context.ts';
import { countHttp1 } from './count-request.ts';
import type { RequestDecision } from './decide-request.ts';
import { encodeGrpcMessage, grpcStatusOf, NO_GRPC_STATUS } from './grpc/grpc-status.ts';
import { readTraits } from './grpc/request-traits.ts';
import { requestIdOf } from './journal/connection-id.ts';
import type { Draft } from './journal/draft.ts';
import { journalAnswer } from './journal/journal-answer.ts';
import { field, isBodiless, NOTHING, type OwnContent } from './own-content.ts';
import { methodOf, NO_METHOD } from './request-method.ts';
import { RESPONSE_FLAGS, type ResponseFlag } from './response-flags.ts';

const PLAIN_TEXT = field('content-type', 'text/plain; charset=utf-8');
/** Envoy's name for it: other proxies of the field know not to send it again. */
const OVERLOADED = field('x-envoy-overloaded', 'true');
const GRPC = field('content-type', 'application/grpc');
const TOO_LARGE = 'the answer of the rule is larger than the limit';
/** Bytes of a body that go into a gRPC message. */
const MAX_MESSAGE = 1024;

export interface OwnAnswer {
  /** '' = a rule wants it so, and nothing is wrong. */
  readonly flag: ResponseFlag | '';
  readonly status: number;
  /** What gRPC is told; absent: what the flag means, or else the status. */
  readonly grpcStatus?: number | undefined;
  /** One plain sentence: which hop, which rule, what the peer did. */
  readonly sentence: string;
  /** In the place of the sentence. */
  readonly content?: OwnContent | undefined;
  /** Of an error: what the rule changes in answers. Values that it sets or adds are told with the error as well. */
  readonly edits?: CompiledEdits | null | undefined;
  /** HTTP/1.1: the answer says `Connection: close`; the caller closes accordingly. */
  readonly close: boolean;
  readonly service: string;
  readonly route: string;
  /** The request was HEAD. */
  readonly isHead: boolean;
  /** HTTP/2: as `methodOf`, and the bytes of its body so far. With HTTP/1.1 the connection's record knows. */
  readonly method?: number | undefined;
  readonly requestBytes?: number | undefined;
  /** Since the request began. */
  readonly seconds: number;
  /** What was noted of the request; absent: nothing. */
  readonly draft?: Draft | null | undefined;
  /** The request, where nothing was noted of it; absent: none was read, or it is gone. */
  readonly head?: MessageHead | undefined;
}

/** The answer that `decision` gives to the request with that head. `stillSending`: more than the head may be on its way. */
export function answerOf(
  decision: Extract<RequestDecision, { type: 'answer' }>,
  head: Http1Head,
  draining: boolean,
): OwnAnswer & { readonly stillSending: boolean } {
  const { isHead, isConnect, framing, keepAlive } = head;
  const { flag, status, sentence, content, edits, service, route, isFinal } = decision;
  // What a client sends behind a refused CONNECT was meant for the tunnel, never a request to us (RFC 9931).
  const stillSending = framing !== FRAMING_NONE || isConnect;
  const close = stillSending || !keepAlive || draining || isFinal === true;
  return { flag, status, sentence, content, edits, close, service, route, isHead, seconds: 0, head, stillSending };
}

/** Sends `answer` to the client. The connection's own id is in an error's answer, the log and `towpath explain`. */
export function sendOwnAnswer(context: Context, socket: Socket, record: ConnectionRecord, answer: OwnAnswer): void {
  const { flag, status, service, route, content, seconds } = answer;
  note(record, answer);
  journalAnswer(context, record, answer, 'http1');
  if (content === undefined) writeError(context, socket, record, answer);
  else writeContent(context, socket, record, answer, content);
  const series = context.meter.series(record.side, service, route, '', '', record.peerPrincipal ?? '');
  countHttp1(series, record, status, flag, seconds);
}

function writeError(context: Context, socket: Socket, record: ConnectionRecord, answer: OwnAnswer): void {
  const { slab } = context.reactor;
  const { flag, status, sentence, close, isHead, edits } = answer;
  const n = writeErrorAnswer(slab.bytes, slab.composeArea, COMPOSE_BYTES, {
    status,
    flag,
    connectionId: requestIdOf(record),
    sentence,
    close,
    toHead: isHead,
    insert: flag === 'UO' ? `x-envoy-overloaded: true\r\n${linesOf(edits)}` : linesOf(edits),
  });
  if (n > 0) context.reactor.write(socket, slab.composeArea, n);
}

function writeContent(
  context: Context,
  socket: Socket,
  record: ConnectionRecord,
  answer: OwnAnswer,
  { fields, body }: OwnContent,
): void {
  const { bytes, composeArea: at } = context.reactor.slab;
  const { status, close, isHead } = answer;
  const bodiless = isBodiless(status);
  const n = writeRuleHead(bytes, at, COMPOSE_BYTES, status, fields, bodiless ? -1 : body.length, close);
  if (n < 0) return writeError(context, socket, record, { ...answer, flag: 'NC', status: 500, sentence: TOO_LARGE });
  context.reactor.write(socket, at, n);
  if (bodiless || isHead) return;
  for (let from = 0; from < body.length; from += LARGE_CHUNK) {
    const piece = body.subarray(from, from + LARGE_CHUNK);
    bytes.set(piece, at);
    context.reactor.write(socket, at, piece.length);
  }
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
  const { flag, status, service, route, method = NO_METHOD, requestBytes = 0, seconds } = answer;
  note(record, answer);
  const grpcStatus = isGrpc ? grpcStatusOfAnswer(answer) : NO_GRPC_STATUS;
  journalAnswer(context, record, answer, isGrpc ? 'grpc' : 'http2', grpcStatus);
  const given = isGrpc ? grpcAnswer(record, answer) : plainAnswer(record, answer);
  stream.sendAnswer(given);
  const series = context.meter.series(record.side, service, route, '', '', record.peerPrincipal ?? '');
  const bytes = given.body.length;
  if (isGrpc) series.countGrpc(grpcStatus, 200, flag, seconds, method, requestBytes, bytes);
  else series.countHttp2(status, flag, seconds, method, requestBytes, bytes);
}

function grpcStatusOfAnswer({ grpcStatus, flag, status }: OwnAnswer): number {
  const isRuled = flag === '' || flag === 'UAEX';
  return grpcStatus ?? (isRuled ? grpcStatusOf(status) : RESPONSE_FLAGS[flag].grpcStatus);
}

/** Sends the answer that `decision` gives to the request with that head. @param end it has no body */
export function answerStream(
  context: Context,
  stream: Http2Stream,
  record: ConnectionRecord,
  decision: Extract<RequestDecision, { type: 'answer' }>,
  head: MessageHead,
  end: boolean,
): void {
  const { flag, status, sentence, content, edits, service, route } = decision;
  const traits = { isGrpc: false, timeoutField: -1, hasRequestId: false };
  const { bytes } = context.reactor.slab;
  readTraits(bytes, head, traits);
  const { isHead } = head;
  const method = methodOf(bytes, head);
  const asked = { isHead, method, seconds: 0, head };
  const answer = { flag, status, sentence, content, edits, close: false, service, route, ...asked };
  sendHttp2Answer(context, stream, record, answer, traits.isGrpc);
  if (!end) stream.reset(NO_ERROR);
}

function plainAnswer(record: ConnectionRecord, answer: OwnAnswer): Http2Answer {
  const { flag, status, sentence, isHead, content } = answer;
  if (content !== undefined) return contentAnswer(answer, content);
  const body = isHead ? NOTHING : constantBytes(`${toAscii(sentence)}\n`);
  const fields = [PLAIN_TEXT, errorField(record, flag), ...fieldsOf(answer.edits)];
  if (flag === 'UO') fields.push(OVERLOADED);
  if (body.length > 0) fields.push(field('content-length', String(body.length)));
  return { status, fields, body };
}

/** Fields that an error's answer has of its own. */
const OWN_NAMES: ReadonlySet<string> = new Set(['content-type', 'x-towpath-error']);

function fieldsOf(edits: CompiledEdits | null | undefined): Inserted[] {
  return valuesOf(edits).map(({ name, value }) => field(name.toLowerCase(), value));
}

function linesOf(edits: CompiledEdits | null | undefined): string {
  return valuesOf(edits)
    .map(({ name, value }) => `${name}: ${value}\r\n`)
    .join('');
}

function valuesOf(edits: CompiledEdits | null | undefined): { readonly name: string; readonly value: string }[] {
  return (edits?.edits ?? []).flatMap(({ name, value }) =>
    value === null || OWN_NAMES.has(name.toLowerCase()) ? [] : [{ name, value }],
  );
}

function contentAnswer({ status, isHead }: OwnAnswer, { fields, body }: OwnContent): Http2Answer {
  if (isBodiless(status)) return { status, fields, body: NOTHING };
  return { status, fields: [...fields, field('content-length', String(body.length))], body: isHead ? NOTHING : body };
}

function grpcAnswer(record: ConnectionRecord, answer: OwnAnswer): Http2Answer {
  const { flag, content } = answer;
  const sentence = content === undefined ? answer.sentence : messageOf(answer.status, content);
  const status = statusFields(grpcStatusOfAnswer(answer), sentence).map(([name, value]) => field(name, value));
  const more = flag === '' || content !== undefined ? [] : [errorField(record, flag)];
  const limits = flag === 'RL' || flag === 'RLSE' ? fieldsOf(answer.edits) : [];
  const fields = [GRPC, ...status, ...more, ...limits];
  return { status: 200, fields, body: NOTHING };
}

/** What a rule answers, for people: a gRPC client sees nothing else of it. */
function messageOf(status: number, { body }: OwnContent): string {
  const text = Buffer.from(body.subarray(0, MAX_MESSAGE)).toString('utf8');
  return text === '' ? `the route answers with HTTP status ${status}` : text;
}

/** The fields that tell a gRPC client how its call ended. */
export function grpcFields(flag: ResponseFlag, sentence: string): readonly (readonly [string, string])[] {
  return statusFields(RESPONSE_FLAGS[flag].grpcStatus, sentence);
}

function statusFields(status: number, sentence: string): readonly (readonly [string, string])[] {
  return [
    ['grpc-status', String(status)],
    ['grpc-message', encodeGrpcMessage(sentence)],
  ];
}

function errorField(record: ConnectionRecord, flag: ResponseFlag | ''): Inserted {
  return field('x-towpath-error', `${flag}; connection=${requestIdOf(record)}`);
}

function note(record: ConnectionRecord, { flag, sentence }: OwnAnswer): void {
  if (sentence === '') return;
  record.flag = flag;
  record.detail = sentence;
}

function toAscii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
