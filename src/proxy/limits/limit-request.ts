/** The rate limits of a request to a program of this host, after it is decided where it goes. */
import type { SockAddr } from '../../reactor/socket-address.ts';
import type { Http2Head } from '../codec/http2/http2-head.ts';
import type { Http2Stream } from '../codec/http2/http2-stream.ts';
import type { MessageHead } from '../codec/message-head.ts';
import type { ConnectionRecord } from '../connection-record.ts';
import type { Context } from '../context.ts';
import { decideRequest, type RequestDecision } from '../decide-request.ts';
import type { QuotaLacks } from '../explicit/decide-explicit.ts';
import { type StreamServer, serveStream } from '../explicit/held-stream.ts';
import { refuse } from './limit-answer.ts';

/** The decision itself, a refusal, or what must come before there is one. Counts the request unless it is refused. */
export function limitRequest(
  context: Context,
  record: ConnectionRecord,
  destination: SockAddr,
  decision: RequestDecision,
  head: MessageHead,
  bytes: Buffer,
): RequestDecision | QuotaLacks {
  if (record.side !== 'inbound' || decision.type !== 'forward') return decision;
  const { client, peerPrincipal, service } = record;
  const verdict = context.rateLimits.check(destination.port, { client, peerPrincipal, head, bytes });
  if (verdict === null) return decision;
  if (verdict.type === 'refused') return refuse(verdict.refusal, service);
  const otherwise = (): RequestDecision => {
    const refusal = verdict.otherwise();
    return refusal === null ? decision : refuse(refusal, service);
  };
  return { type: 'lacks', what: 'quota', wait: verdict.wait, otherwise };
}

/** A stream of a captured connection: held while it waits for tokens. */
export function serveLimitedStream(
  server: StreamServer,
  stream: Http2Stream,
  head: Http2Head,
  end: boolean,
  destination: SockAddr,
): void {
  const { context, record } = server;
  serveStream(server, stream, head, end, (asked) => {
    const { bytes } = context.reactor.slab;
    const decision = decideRequest(context, record, destination, asked, bytes);
    return limitRequest(context, record, destination, decision, asked, bytes);
  });
}
