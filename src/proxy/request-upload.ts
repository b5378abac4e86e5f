/** The body of a request on its way from the client to the endpoint. */
import { COMPOSE_BYTES, SlabExhausted } from '../reactor/slab.ts';
import { BodyFlow } from './body-flow.ts';
import { FRAMING_LENGTH, type Http1Head } from './codec/http1/http1-head.ts';
import type { ExchangeClient } from './exchange-client.ts';
import type { RequestDelivery } from './request-delivery.ts';

/** `take` returns it when the body is malformed (see `body.refusal`). */
export const REFUSED_BODY = -1;

export class RequestUpload {
  readonly #client: ExchangeClient;
  readonly #delivery: RequestDelivery;
  readonly body: BodyFlow;
  /** How often the client was made to wait because the endpoint did not keep up. */
  pauses = 0;

  constructor(client: ExchangeClient, delivery: RequestDelivery) {
    this.#client = client;
    this.#delivery = delivery;
    const { chunked, reactor } = client.context;
    this.body = new BodyFlow(chunked, reactor.slab.bytes, true);
  }

  /** @throws SlabExhausted */
  begin(head: Http1Head): void {
    if (!this.body.start(head.framing, head.contentLength)) throw new SlabExhausted('no decoder left');
  }

  /** The endpoint keeps up with what the client sends. */
  get flows(): boolean {
    return this.#delivery.upstream?.socket.pending === null;
  }

  /** Sends bytes as they are; with more of the body to come, the client waits until they have left. */
  send(at: number, length: number): boolean {
    const { upstream } = this.#delivery;
    const { reactor } = this.#client.context;
    if (upstream === null || reactor.write(upstream.socket, at, length)) return true;
    if (this.body.done) return false;
    this.pauses++;
    reactor.pause(this.#client.socket);
    return false;
  }

  /** Passes on bytes of the client. Returns how many belonged to the body, or REFUSED_BODY. */
  take(at: number, length: number): number {
    const { upstream } = this.#delivery;
    if (upstream === null) return length;
    if (this.body.framing !== FRAMING_LENGTH) return this.#takeChunks(at, length);
    const n = this.body.take(length);
    if (this.send(at, n) && this.body.isLong)
      this.body.splice(this.#client.context.reactor, this.#client.socket, upstream.socket, () => {});
    return n;
  }

  #takeChunks(at: number, length: number): number {
    const { body } = this;
    const { composeArea } = this.#client.context.reactor.slab;
    let used = 0;
    do {
      const n = body.append(at + used, length - used, composeArea, COMPOSE_BYTES);
      if (n < 0) return REFUSED_BODY;
      used += body.consumed;
      if (n > 0) this.send(composeArea, n);
    } while ((used < length && !body.done) || body.pending);
    return used;
  }
}
