/** Branded addresses: a client, a listener, an original destination and an endpoint are never mixed up by accident. */

declare const brand: unique symbol;
type Brand<T, B extends string> = T & { readonly [brand]: B };

/** An IP address in canonical text (`10.0.0.1`, `fd00::1`) and a TCP port. */
export interface SocketAddress {
  readonly ip: string;
  readonly port: number;
}

/** The program or peer that opened the connection. */
export type ClientAddress = Brand<SocketAddress, 'client'>;
/** One of our own listeners. */
export type ListenerAddress = Brand<SocketAddress, 'listener'>;
/** What the program dialled, before redirection. */
export type OriginalDestination = Brand<SocketAddress, 'original-destination'>;
/** Where a connection is finally sent. */
export type EndpointAddress = Brand<SocketAddress, 'endpoint'>;

export function clientAddress(address: SocketAddress): ClientAddress {
  return address as ClientAddress;
}
export function listenerAddress(address: SocketAddress): ListenerAddress {
  return address as ListenerAddress;
}
export function originalDestination(address: SocketAddress): OriginalDestination {
  return address as OriginalDestination;
}
export function endpointAddress(address: SocketAddress): EndpointAddress {
  return address as EndpointAddress;
}

/** `10.0.0.1:80` or `[fd00::1]:80`. */
export function formatAddress(address: SocketAddress): string {
  return address.ip.includes(':') ? `[${address.ip}]:${address.port}` : `${address.ip}:${address.port}`;
}
