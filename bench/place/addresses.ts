/** What programs dial to reach a subject, and where the subject listens. Pure. */
import { WORKS, type Work } from '../rows.ts';
import { PROXIES, type ProxyName } from '../subjects/subject.ts';

/** A way into a subject: one for each kind of work, and HAProxy's second way for bulk. */
export const DOORS = [...WORKS, 'splice'] as const;
export type Door = Work | 'splice';

export interface Address {
  readonly address: string;
  readonly port: number;
}

/**
 * The kernel redirects all virtual addresses of Towpath to one listener, where only the client's address and port tell connections apart:
 * programs that share an address must not dial two of the nets at a high rate, or a port still in TIME_WAIT from the one delays
 * connections to the other by seconds. So each kind of work has its own client address. Class E, so that the nets exist nowhere else.
 */
export interface VirtualNet {
  readonly net: string;
  readonly client: string;
}

export const VIRTUAL_NETS: readonly VirtualNet[] = PROXIES.flatMap((proxy) =>
  DOORS.map((door) => ({ net: `${prefixOf(proxy, door)}.0/24`, client: `10.77.0.${DOORS.indexOf(door) + 1}` })),
);

/** What a client dials. */
export function virtualAddress(proxy: ProxyName, door: Door): Address {
  return { address: `${prefixOf(proxy, door)}.10`, port: 80 };
}

/** Loopback port of a peer, where the rules lead what is dialled; below the ports that clients take, and none of Towpath's. */
export function listenPort(proxy: ProxyName, door: Door): number {
  return 15_100 + 20 * PROXIES.indexOf(proxy) + DOORS.indexOf(door);
}

/** Loopback port at which a peer tells what it has counted. */
export function statusPort(proxy: ProxyName): number {
  return 15_100 + 20 * PROXIES.indexOf(proxy) + DOORS.length;
}

function prefixOf(proxy: ProxyName, door: Door): string {
  return `240.${240 + PROXIES.indexOf(proxy)}.${DOORS.indexOf(door)}`;
}
