/** Ends an exchange that is silent for too long, or takes too long altogether, as its cluster says. Made only where it says so. */
import type { ClusterTimeoutsView } from '../../contract/cluster-views.ts';
import type { Timed } from '../../reactor/timer-wheel.ts';
import type { Context } from '../context.ts';

export class StreamClock implements Timed {
  deadline = 0;
  wheelTick = -1;
  readonly #context: Context;
  readonly #idleMs: number;
  readonly #maxMs: number;
  readonly #expire: (flag: 'SI' | 'UMSDR', sentence: string) => void;
  readonly #startedAt: number;
  #movedAt: number;
  #isOver = false;

  private constructor(
    context: Context,
    { streamIdleMs = 0, maxStreamMs = 0 }: ClusterTimeoutsView,
    expire: (flag: 'SI' | 'UMSDR', sentence: string) => void,
  ) {
    this.#context = context;
    this.#idleMs = streamIdleMs > 0 ? streamIdleMs : Number.POSITIVE_INFINITY;
    this.#maxMs = maxStreamMs > 0 ? maxStreamMs : Number.POSITIVE_INFINITY;
    this.#expire = expire;
    this.#startedAt = context.reactor.now;
    this.#movedAt = this.#startedAt;
    this.#set();
  }

  /** null when the cluster sets no such limits. */
  static start(
    context: Context,
    timeouts: ClusterTimeoutsView,
    expire: (flag: 'SI' | 'UMSDR', sentence: string) => void,
  ): StreamClock | null {
    const { streamIdleMs = 0, maxStreamMs = 0 } = timeouts;
    return streamIdleMs > 0 || maxStreamMs > 0 ? new StreamClock(context, timeouts, expire) : null;
  }

  /** Something moved, in whichever direction. */
  touch(): void {
    this.#movedAt = this.#context.reactor.now;
  }

  #set(): void {
    const { reactor, exchanges } = this.#context;
    const at = Math.min(this.#startedAt + this.#maxMs, this.#movedAt + this.#idleMs);
    exchanges.deadlines.set(this, Math.max(0, at - reactor.now));
  }

  onDeadline(): void {
    const { exchanges, reactor } = this.#context;
    if (this.#isOver) return;
    if (reactor.now - this.#startedAt >= this.#maxMs)
      return this.#expire('UMSDR', `the request is not complete after the ${this.#maxMs} ms that a stream may take`);
    if (reactor.now - this.#movedAt >= this.#idleMs)
      return this.#expire('SI', `nothing moved in either direction for ${this.#idleMs} ms`);
    exchanges.deadlines.clear(this);
    this.#set();
  }

  /** The exchange is over. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#context.exchanges.deadlines.clear(this);
  }
}
