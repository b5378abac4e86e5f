/** What is counted and recorded of one exchange. */
import type { MessageHead } from '../codec/message-head.ts';
import type { ConnectionRecord } from '../connection-record.ts';
import type { Context } from '../context.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { NO_GRPC_STATUS, readGrpcStatus } from '../grpc/grpc-status.ts';
import type { Forward } from '../request-delivery.ts';
import { seriesOf } from '../request-meter.ts';
import type { ResponseFlag } from '../response-flags.ts';
import type { HttpProtocol } from './upstream-protocol.ts';

export class Tally {
  readonly #context: Context;
  readonly #record: ConnectionRecord;
  readonly #decision: Forward;
  readonly #client: HttpProtocol;
  readonly isGrpc: boolean;
  /** ms of the reactor's clock. */
  readonly startedAt: number;
  /** Of the final head, 0 = none yet. */
  #status = 0;
  #grpcStatus = NO_GRPC_STATUS;

  constructor(context: Context, record: ConnectionRecord, decision: Forward, client: HttpProtocol, isGrpc: boolean) {
    this.#context = context;
    this.#record = record;
    this.#decision = decision;
    this.#client = client;
    this.isGrpc = isGrpc;
    this.startedAt = context.reactor.now;
  }

  /** The final head of the answer; with gRPC's trailers-only answers it says how the call ended. */
  noteHead(head: MessageHead, end: boolean): void {
    this.#status = head.status;
    if (end) this.noteTrailers(head);
  }

  noteTrailers(head: MessageHead): void {
    if (this.isGrpc) this.#grpcStatus = readGrpcStatus(this.#context.reactor.slab.bytes, head);
  }

  /** Once, when the exchange is over. @param detail for the log */
  count(endpoint: Endpoint, flag: ResponseFlag | '', detail: string): void {
    const record = this.#record;
    if (flag !== '') {
      record.flag = flag;
      record.detail = detail;
    }
    const series = seriesOf(this.#context.meter, record.side, this.#decision, endpoint);
    if (this.isGrpc) series.countGrpc(this.#grpcStatus, this.#status, flag, this.seconds);
    else if (this.#client === 'http2') series.countHttp2(this.#status, flag, this.seconds);
    else series.count(this.#status, flag, this.seconds);
  }

  /** Since the exchange began. */
  get seconds(): number {
    return (this.#context.reactor.now - this.startedAt) / 1000;
  }
}
