/** What is counted and recorded of one exchange. */

import { BIT_GRPC, BIT_HTTP2 } from '../../telemetry/records/record-layout.ts';
import type { MessageHead } from '../codec/message-head.ts';
import type { ConnectionRecord } from '../connection-record.ts';
import type { Context } from '../context.ts';
import { seriesOf } from '../count-request.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { NO_GRPC_STATUS, readGrpcStatus } from '../grpc/grpc-status.ts';
import type { Draft } from '../journal/draft.ts';
import { noteWay } from '../journal/note-way.ts';
import { takeRequestBytes, takeResponseBytes } from '../request-bytes.ts';
import type { Forward } from '../request-delivery.ts';
import { methodOf, NO_METHOD } from '../request-method.ts';
import type { ResponseFlag } from '../response-flags.ts';
import type { Sending } from './sending.ts';
import type { HttpProtocol } from './upstream-protocol.ts';

export class Tally {
  readonly #context: Context;
  readonly #record: ConnectionRecord;
  readonly #decision: Forward;
  readonly #client: HttpProtocol;
  readonly isGrpc: boolean;
  /** As `methodOf`. */
  readonly method: number;
  /** ms of the reactor's clock. */
  readonly startedAt: number;
  /** Of the bodies; HTTP/1.1 counts the heads too, when all is over. */
  requestBytes = 0;
  responseBytes = 0;
  /** Of the final head, 0 = none yet. */
  #status = 0;
  #grpcStatus = NO_GRPC_STATUS;
  /** What is noted of the request for its record; null = nothing. */
  draft: Draft | null = null;

  /** @param head the request's */
  constructor(
    context: Context,
    record: ConnectionRecord,
    decision: Forward,
    client: HttpProtocol,
    isGrpc: boolean,
    head: MessageHead,
  ) {
    this.#context = context;
    this.#record = record;
    this.#decision = decision;
    this.#client = client;
    this.isGrpc = isGrpc;
    this.method = methodOf(context.reactor.slab.bytes, head);
    this.startedAt = context.reactor.now;
    const { journal, reactor } = context;
    if (journal.isOn) this.draft = journal.begin(record, reactor.slab.bytes, head);
  }

  /** The final head of the answer; with gRPC's trailers-only answers it says how the call ended. */
  noteHead(head: MessageHead, end: boolean): void {
    this.#status = head.status;
    const { journal, reactor } = this.#context;
    if (this.draft !== null) journal.noteAnswer(this.draft, reactor.slab.bytes, head);
    if (end) this.noteTrailers(head);
  }

  /** The proxy ends the call in the endpoint's place, with this status. */
  noteOwnGrpcStatus(status: number): void {
    this.#grpcStatus = status;
  }

  noteTrailers(head: MessageHead): void {
    if (this.isGrpc) this.#grpcStatus = readGrpcStatus(this.#context.reactor.slab.bytes, head);
  }

  /** Once, when the exchange is over. @param draft what is to be recorded of it, null = nothing @param detail for the log */
  count(endpoint: Endpoint, flag: ResponseFlag | '', detail: string, draft: Draft | null): void {
    const record = this.#record;
    if (draft !== null) this.#journal(draft, flag, detail);
    const { method, seconds } = this;
    if (this.#client === 'http1') {
      this.requestBytes = takeRequestBytes(record);
      this.responseBytes = takeResponseBytes(record);
      record.method = NO_METHOD;
    }
    const { requestBytes, responseBytes } = this;
    if (flag !== '') {
      record.flag = flag;
      record.detail = detail;
    }
    const series = seriesOf(this.#context.meter, record, this.#decision, endpoint);
    const status = this.#status;
    if (this.isGrpc) series.countGrpc(this.#grpcStatus, status, flag, seconds, method, requestBytes, responseBytes);
    else if (this.#client === 'http2') series.countHttp2(status, flag, seconds, method, requestBytes, responseBytes);
    else series.count(status, flag, seconds, method, requestBytes, responseBytes);
  }

  #journal(draft: Draft, flag: ResponseFlag | '', detail: string): void {
    draft.status = this.#status;
    draft.grpcStatus = this.#grpcStatus;
    draft.flag = flag;
    draft.detail = detail;
    this.#context.journal.end(draft, this.#record);
  }

  /**
   * What is to be recorded of it.
   * @param kept the head, where nothing was noted and it was kept; null = it is gone, or not needed
   */
  takeDraft(kept: MessageHead | null, { endpoint, attempts, requestNumber, tries }: Sending): Draft {
    const { journal, reactor } = this.#context;
    const draft = this.draft ?? journal.draftOf(this.#record, reactor.slab.bytes, kept);
    this.draft = null;
    draft.startedAt = this.startedAt;
    draft.requestNumber = requestNumber;
    draft.received = this.requestBytes;
    draft.sent = this.responseBytes;
    if (this.#client === 'http2') draft.bits |= this.isGrpc ? BIT_HTTP2 | BIT_GRPC : BIT_HTTP2;
    noteWay(draft, this.#decision, endpoint, attempts, tries);
    return draft;
  }

  /** Since the exchange began. */
  get seconds(): number {
    return (this.#context.reactor.now - this.startedAt) / 1000;
  }
}
