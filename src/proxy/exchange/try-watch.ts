/** Tells the cluster how one try at an endpoint went, once its answer says so, or it failed. One for all tries of a request. */
import type { MessageHead } from '../codec/message-head.ts';
import type { Context } from '../context.ts';
import type { Cluster } from '../endpoints/cluster.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { type FailureCause, observeAttempt, observeFailure } from '../endpoints/observe-attempt.ts';
import { NO_GRPC_STATUS, readGrpcStatus } from '../grpc/grpc-status.ts';
import type { Loss } from './ends.ts';

export class TryWatch {
  readonly #context: Context;
  readonly #cluster: Cluster;
  readonly #isGrpc: boolean;
  /** ms of the reactor's clock when the try began. */
  #sentAt = 0;
  #status = 0;
  #seconds = 0;
  /** Its try was too slow, and goes on beside another one: that was told, and nothing more of it will be. */
  #told: Endpoint | null = null;

  private constructor(context: Context, cluster: Cluster, isGrpc: boolean) {
    this.#context = context;
    this.#cluster = cluster;
    this.#isGrpc = isGrpc;
  }

  /** null: the cluster has no use for it. */
  static of(context: Context, cluster: Cluster | null, isGrpc: boolean): TryWatch | null {
    return cluster?.observes === true ? new TryWatch(context, cluster, isGrpc) : null;
  }

  begin(endpoint: Endpoint): void {
    this.#sentAt = this.#context.reactor.now;
    if (this.#told === endpoint) this.#told = null;
  }

  /** A try was too slow, but is not given up. */
  onSlow(endpoint: Endpoint): void {
    this.onLoss(endpoint, 'slow', false);
    this.#told = endpoint;
  }

  /** The final head. Calls of gRPC say how they ended in trailers, or in a head that is all there is. */
  onHead(endpoint: Endpoint, head: MessageHead, end: boolean): void {
    this.#status = head.status;
    this.#seconds = (this.#context.reactor.now - this.#sentAt) / 1000;
    if (!this.#isGrpc || head.status !== 200) this.#tell(endpoint, NO_GRPC_STATUS);
    else if (end) this.onTrailers(endpoint, head);
  }

  onTrailers(endpoint: Endpoint, head: MessageHead): void {
    if (!this.#isGrpc || this.#status !== 200) return;
    this.#tell(endpoint, readGrpcStatus(this.#context.reactor.slab.bytes, head));
  }

  #tell(endpoint: Endpoint, grpcStatus: number): void {
    if (endpoint === this.#told) return;
    const [status, seconds] = [this.#status, this.#seconds];
    observeAttempt(this.#context, this.#cluster, endpoint, { type: 'answer', status, grpcStatus, seconds });
  }

  /** @param unprocessed the endpoint has provably not acted on it, which is no fault of its own */
  onLoss(endpoint: Endpoint, loss: Loss, unprocessed: boolean): void {
    const cause = causeOf(loss, unprocessed);
    if (cause !== null && endpoint !== this.#told) observeFailure(this.#context, this.#cluster, endpoint, cause);
  }
}

function causeOf(loss: Loss, unprocessed: boolean): FailureCause | null {
  switch (loss) {
    case 'unreachable':
      return 'connect';
    case 'lost':
    case 'reset':
      return unprocessed ? null : 'reset';
    case 'malformed':
      return 'reset';
    case 'slow':
      return 'timeout';
    default:
      return null;
  }
}
