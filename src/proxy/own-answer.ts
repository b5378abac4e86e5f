/** Answers that the proxy itself gives: written, noted in the record, counted. */
import { COMPOSE_BYTES } from '../reactor/slab.ts';
import type { Socket } from '../reactor/socket.ts';
import { FRAMING_NONE, type Http1Head } from './codec/http1/http1-head.ts';
import { writeErrorAnswer } from './codec/http1/respond-head.ts';
import type { ConnectionRecord } from './connection-record.ts';
import type { Context } from './context.ts';
import type { RequestDecision } from './decide-request.ts';
import { RESPONSE_FLAGS, type ResponseFlag } from './response-flags.ts';

export interface OwnAnswer {
  readonly flag: ResponseFlag;
  readonly status: number;
  /** One plain sentence: which hop, which rule, what the peer did. */
  readonly sentence: string;
  /** The answer says `Connection: close`; the caller closes accordingly. */
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
  record.flag = flag;
  record.detail = sentence;
  const n = writeErrorAnswer(slab.bytes, slab.composeArea, COMPOSE_BYTES, {
    status,
    flag,
    connectionId: `${record.openedAt.toString(36).replace('.', '')}-${record.requests}`,
    sentence,
    close: answer.close,
    toHead: answer.isHead,
    insert: '',
  });
  if (n > 0) context.reactor.write(socket, slab.composeArea, n);
  context.meter.series(record.side, service, route, '').count(status, flag, answer.seconds);
}
