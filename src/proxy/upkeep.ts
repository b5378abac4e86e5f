/** What a data thread does now and then, between two turns of its loop. */
import type { Context } from './context.ts';
import type { EndpointStore } from './endpoints/endpoint-store.ts';
import { endExpired } from './mesh/end-expired.ts';
import { OpaqueRelay } from './opaque-relay.ts';
import { PoolGauges } from './pool-gauges.ts';
import { closeIdle } from './upstream/pool.ts';

const GAUGES_EVERY_MS = 1_000;
const PRUNE_EVERY_MS = 10_000;

export class Upkeep {
  readonly #context: Context;
  readonly #outbound: readonly EndpointStore[];
  readonly #gauges: PoolGauges;
  #publishedAt = 0;
  #prunedAt = 0;

  static start(context: Context, outbound: readonly EndpointStore[]): Upkeep {
    context.janitor.start();
    return new Upkeep(context, outbound);
  }

  /** @param outbound endpoints that programs of this host dial, of every account */
  constructor(context: Context, outbound: readonly EndpointStore[]) {
    this.#context = context;
    this.#outbound = outbound;
    this.#gauges = new PoolGauges(context.counters);
  }

  /** @param now ms of the reactor's clock */
  afterTurn(now: number): void {
    if (now - this.#publishedAt < GAUGES_EVERY_MS) return;
    this.#publishedAt = now;
    this.#gauges.publish(this.#context);
    endExpired(this.#context, Date.now());
    if (now - this.#prunedAt < PRUNE_EVERY_MS) return;
    this.#prunedAt = now;
    this.#reportRelays();
    for (const store of [...this.#outbound, this.#context.inbound]) store.prune(now).forEach(closeIdle);
  }

  /** Connections that last for days are seen to move meanwhile. */
  #reportRelays(): void {
    this.#context.reactor.forEachSocket(({ handler }) => {
      if (!(handler instanceof OpaqueRelay)) return;
      const { record } = handler;
      const { verdict, socket } = record;
      if (socket === null || (verdict !== 'opaque' && verdict !== 'tls')) return;
      record.moved(socket.bytesRead, socket.bytesWritten);
    });
  }
}
