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
import type { Forward } from './request-delivery.ts';

export class RequestDesk {
  /** The exchange that is, or was last, under way. */
  current: ClientExchange;
  readonly #client: ExchangeClient;
  /** null: explicit mode, each request names its own. */
  readonly #destination: SockAddr | null;
  readonly #lookUp: LookUp | null;
  readonly #plain: Http1Exchange;
  /** For services that speak HTTP/2, and for requests that may be held or sent more than once; made for the first of them. */
  #general: Http1ClientEnd | null = null;

  /** @param onLookedUp what a request lacked has come, or will not: decide again */
  constructor(client: ExchangeClient, destination: SockAddr | null, onLookedUp: () => void) {
    this.#client = client;
    this.#destination = destination;
    this.#lookUp = destination === null ? new LookUp(client.context, client.socket, onLookedUp) : null;
    this.#plain = new Http1Exchange(client);
    this.current = this.#plain;
  }

  /** A request waits for what its decision lacks. */
  get isWaiting(): boolean {
    return this.#lookUp?.waiting === true;
  }

  /** Decides on the request whose head was just parsed. null: explicit mode, and what it names must be looked up first. */
  decide(): RequestDecision | null {
    const { context, record } = this.#client;
    const { bytes } = context.reactor.slab;
    const { head } = context.parser;
    if (record.side === 'inbound' && (head.upgrade || head.isConnect))
      record.tunnelHead = Uint8Array.prototype.slice.call(bytes, head.startAt, head.endAt);
    if (this.#destination !== null) return decideRequest(context, record, this.#destination, head, bytes);
    context.asked.note(record.client, null, head, bytes);
    const decision = decideExplicit(context, head, bytes);
    return decision.type === 'lacks' ? (this.#lookUp?.fetch(decision) ?? null) : decision;
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
    if (this.#lookUp !== null && head.isConnect) return new ConnectTunnel(this.#client, decision);
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
