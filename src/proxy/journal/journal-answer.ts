/** Records what the proxy itself has answered. */
import { BIT_GRPC, BIT_HTTP2 } from '../../telemetry/records/record-layout.ts';
import type { MessageHead } from '../codec/message-head.ts';
import type { ConnectionRecord } from '../connection-record.ts';
import type { Context } from '../context.ts';
import { NO_GRPC_STATUS } from '../grpc/grpc-status.ts';
import { isBodiless, type OwnContent } from '../own-content.ts';
import type { ResponseFlag } from '../response-flags.ts';
import type { Draft } from './draft.ts';

/** What of an answer is recorded. */
export interface GivenAnswer {
  readonly flag: ResponseFlag | '';
  readonly status: number;
  readonly sentence: string;
  readonly content?: OwnContent | undefined;
  readonly service: string;
  readonly route: string;
  readonly isHead: boolean;
  readonly seconds: number;
  readonly draft?: Draft | null | undefined;
  readonly head?: MessageHead | undefined;
}

/** Call before the answer is written: the request's head is read once more. */
export function journalAnswer(
  { journal, reactor }: Context,
  record: ConnectionRecord,
  answer: GivenAnswer,
  protocol: 'http1' | 'http2' | 'grpc',
  grpcStatus = NO_GRPC_STATUS,
): void {
  const { flag, status, sentence, service, route, seconds, head = null } = answer;
  const noted = answer.draft ?? null;
  if (noted === null && flag === '' && sentence === '' && !journal.isOn) return;
  if (noted === null && journal.leavesOut()) return;
  const draft = noted ?? journal.draftOf(record, reactor.slab.bytes, head);
  if (noted === null) {
    draft.startedAt = reactor.now - seconds * 1000;
    draft.service = service;
    draft.route = route;
  }
  if (protocol !== 'http1') draft.bits |= protocol === 'grpc' ? BIT_HTTP2 | BIT_GRPC : BIT_HTTP2;
  draft.status = protocol === 'grpc' ? 200 : status;
  draft.grpcStatus = grpcStatus;
  draft.flag = flag;
  draft.detail = sentence;
  draft.sent = protocol === 'grpc' ? 0 : bodyLength(answer);
  if (draft.firstByteAt < 0) draft.firstByteAt = reactor.now;
  journal.end(draft, record);
}

function bodyLength({ status, sentence, content, isHead }: GivenAnswer): number {
  if (isHead || isBodiless(status)) return 0;
  return content === undefined ? sentence.length + 1 : content.body.length;
}
