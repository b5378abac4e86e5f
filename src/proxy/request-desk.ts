/** Decides on the requests of one client connection of HTTP/1.1, and which exchange carries each. */
import type { SockAddr } from '../reactor/socket-address.ts';
import { decideRequest, type RequestDecision } from './decide-request.ts';
import { Http1ClientEnd } from './exchange/http1-client-end.ts';
import { upstreamProtocol } from './exchange/upstream-protocol.ts';
import type { ClientExchange, ExchangeClient } from './exchange-client.ts';
import { ConnectTunnel } from './explicit/connect-tunnel.ts';
import { decideExplicit } from './explicit/decide-explicit.ts';
import { LookUp } from './explicit/look-up.ts';
import { Http1Exchange } from './http1-exchange.ts';
import { limitRequest } from './limits/limit-request.ts';
import type { Forward } from './request-delivery.ts';
import { methodOf } from './request-method.ts';

export class RequestDesk {
  /** The exchange that is, or was last, under way. */
  current: ClientExchange;
  readonly #client: ExchangeClient;
  /** null: explicit mode, each request names its own. */
  readonly #destination: SockAddr | null;
  /** Captured connections get theirs for the first request that is held for a rate limit. */
  #lookUp: LookUp | null;
  readonly #onLookedUp: () => void;
  readonly #plain: Http1Exchange;
  /** For services that speak HTTP/2, and for requests that may be held or sent more than once; made for the first of them. */
  #general: Http1ClientEnd | null = null;

  /** @param onLookedUp what a request lacked has come, or will not: decide again */
  constructor(client: ExchangeClient, destination: SockAddr | null, onLookedUp: () => void) {
    this.#client = client;
    this.#onLookedUp = onLookedUp;
    this.#destination = destination;
    this.#lookUp = destination === null ? new LookUp(client.context, client.socket, onLookedUp) : null;
    this.#plain = new Http1Exchange(client);
    this.current = this.#plain;
  }

  /** A request waits for what its decision lacks. */
  get isWaiting(): boolean {
    return this.#lookUp?.waiting === true;
  }

  /** Decides on the request whose head was just parsed. null: it must wait; explicit mode: what it names must be looked up first. */
  decide(): RequestDecision | null {
    const { context, record } = this.#client;
    const { bytes } = context.reactor.slab;
    const { head } = context.parser;
    if (record.side === 'inbound' && (head.upgrade || head.isConnect))
      record.tunnelHead = Uint8Array.prototype.slice.call(bytes, head.startAt, head.endAt);
    record.method = methodOf(bytes, head);
    if (this.#destination !== null) {
      const decision = decideRequest(context, record, this.#destination, head, bytes);
      return context.rateLimits.active ? this.#limit(decision, this.#destination) : decision;
    }
    context.asked.note(record.client, null, head, bytes);
    const decision = decideExplicit(context, head, bytes);
    return decision.type === 'lacks' ? (this.#lookUp?.fetch(decision) ?? null) : decision;
  }

  #limit(decided: RequestDecision, destination: SockAddr): RequestDecision | null {
    const { context, record, socket } = this.#client;
    const { bytes } = context.reactor.slab;
    const decision = limitRequest(context, record, destination, decided, context.parser.head, bytes);
    if (decision.type !== 'lacks') return decision;
    this.#lookUp ??= new LookUp(context, socket, this.#onLookedUp);
    return this.#lookUp.fetch(decision);
  }

  /** The request that was decided on begins. */
  settle(): void {
    this.#lookUp?.reset();
  }

  /** The exchange for a request; it becomes the current one. */
  exchangeFor(decision: Forward): ClientExchange {
    this.current = this.#choose(decision);
    return this.current;
  }

  #choose(decision: Forward): ClientExchange {
    const { head } = this.#client.context.parser;
    if (this.#destination === null && head.isConnect) return new ConnectTunnel(this.#client, decision);
    const isSame = upstreamProtocol(decision.cluster, 'http1') === 'http1';
    if (isSame && (head.upgrade || head.isConnect || !needsExchange(decision))) return this.#plain;
    this.#general ??= new Http1ClientEnd(this.#client);
    return this.#general;
  }
}

/** It may be held or sent more than once. */
function needsExchange({ rules, cluster }: Forward): boolean {
  return rules.needsExchange || cluster?.traffic.needsExchange === true;
}
