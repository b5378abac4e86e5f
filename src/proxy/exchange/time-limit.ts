/** How long a request may take: as long as its route allows and, with gRPC, its caller (`grpc-timeout`), whichever is less. */
import type { Reactor } from '../../reactor/reactor.ts';
import { COMPOSE_BYTES } from '../../reactor/slab.ts';
import { Http2Head } from '../codec/http2/http2-head.ts';
import type { MessageHead } from '../codec/message-head.ts';
import { formatGrpcTimeout, GRPC_TIMEOUT_BYTES, parseGrpcTimeout } from '../grpc/grpc-timeout.ts';

export class TimeLimit {
  readonly #reactor: Reactor;
  /** ms from the beginning. */
  readonly ms: number;
  /** Field `grpc-timeout` of the head, -1 = none. */
  readonly #field: number;
  readonly #deadlineAt: number;
  /** What the field says is no longer right. */
  #isStale: boolean;

  private constructor(reactor: Reactor, ms: number, field: number, isStale: boolean) {
    this.#reactor = reactor;
    this.ms = ms;
    this.#field = field;
    this.#deadlineAt = reactor.now + ms;
    this.#isStale = isStale;
  }

  /**
   * @param routeMs 0 = none
   * @param field `grpc-timeout`, -1 = none
   * @returns null when the request may take as long as it likes
   */
  static of(reactor: Reactor, routeMs: number, head: MessageHead, field: number): TimeLimit | null {
    const { bytes } = reactor.slab;
    const callerMs = field < 0 ? -1 : parseGrpcTimeout(bytes, head.valueAt[field], head.valueLength[field]);
    if (callerMs < 0) return routeMs === 0 ? null : new TimeLimit(reactor, routeMs, -1, false);
    const isRoute = routeMs > 0 && routeMs < callerMs;
    return new TimeLimit(reactor, isRoute ? routeMs : callerMs, field, isRoute);
  }

  /** ms until the request must be over. */
  get leftMs(): number {
    return this.#deadlineAt - this.#reactor.now;
  }

  /** The request is sent later than at once. */
  noteDelay(): void {
    this.#isStale = true;
  }

  /** Puts what is left into the field of a head that is about to be sent. */
  writeInto(head: MessageHead): void {
    if (this.#field < 0 || !this.#isStale) return;
    const { slab, now } = this.#reactor;
    const at = slab.composeArea + COMPOSE_BYTES - GRPC_TIMEOUT_BYTES;
    head.valueAt[this.#field] = at;
    head.valueLength[this.#field] = slab.bytes.write(formatGrpcTimeout(this.#deadlineAt - now), at, 'latin1');
    if (!(head instanceof Http2Head)) return;
    head.sectionId = 0;
    head.fieldToken[this.#field] = 0;
  }
}
