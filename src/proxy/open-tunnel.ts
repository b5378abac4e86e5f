/** After 101, or 2xx to CONNECT: the two connections of an exchange become one relay of bytes. */
import type { ExchangeClient } from './exchange-client.ts';
import { OpaqueRelay } from './opaque-relay.ts';
import type { RequestDelivery } from './request-delivery.ts';

/**
 * Hands both connections to a relay, with what each side has sent early.
 * @param at bytes of the endpoint behind its answer
 * @returns the relay, still to be started; null when the endpoint is gone
 */
export function openTunnel(
  client: ExchangeClient,
  delivery: RequestDelivery,
  at: number,
  length: number,
): OpaqueRelay | null {
  const { endpoint } = delivery;
  const upstream = delivery.takeOver();
  if (upstream === null || endpoint === null) return null;
  client.record.endpoint = endpoint.text;
  const relay = new OpaqueRelay(client.context, client.socket, upstream.socket, endpoint, client.record, null);
  if (length > 0) relay.deliver('client', at, length);
  client.handOver((from, n) => relay.deliver('server', from, n));
  return relay;
}
