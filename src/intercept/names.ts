/** Everything of ours that can be found on a host, by name: what `remove` looks for when nobody remembers the settings. */
import type { Family } from './rule.ts';

export const CHAIN_PREFIX = 'TOWPATH_';

/** Entered from nat/OUTPUT: loops, the lease, loopback. */
export const CHAIN_OUTPUT = 'TOWPATH_OUTPUT';
/** The operator's outbound lists. */
export const CHAIN_OUTBOUND = 'TOWPATH_OUTBOUND';
export const CHAIN_OUT_OWNERS = 'TOWPATH_OUT_OWNERS';
export const CHAIN_OUT_PORTS = 'TOWPATH_OUT_PORTS';
export const CHAIN_OUT_CIDRS = 'TOWPATH_OUT_CIDRS';
export const CHAIN_TO_OUTBOUND = 'TOWPATH_TO_OUTBOUND';
/** Entered from nat/OUTPUT with DNS queries over UDP: the lease, the agent's own. */
export const CHAIN_DNS = 'TOWPATH_DNS';
/** The operator's outbound lists, as far as they hold for DNS, over UDP and TCP. */
export const CHAIN_DNS_LISTS = 'TOWPATH_DNS_LISTS';
export const CHAIN_TO_DNS = 'TOWPATH_TO_DNS';
/** Entered from nat/PREROUTING: the lease, interfaces. */
export const CHAIN_PREROUTING = 'TOWPATH_PREROUTING';
/** The operator's inbound lists. */
export const CHAIN_INBOUND = 'TOWPATH_INBOUND';
export const CHAIN_IN_PORTS = 'TOWPATH_IN_PORTS';
export const CHAIN_IN_CIDRS = 'TOWPATH_IN_CIDRS';
export const CHAIN_TO_INBOUND = 'TOWPATH_TO_INBOUND';
/** Empty; says that the nat table did not exist before we came, so that it goes when we go. */
export const CHAIN_TABLE_IS_OURS = 'TOWPATH_MADE_TABLE';

/** Seconds until an unrefreshed lease ends. */
export const LEASE_SECONDS = 5;
export const LEASE_SETS: Readonly<Record<Family, string>> = { v4: 'towpath_lease_v4', v6: 'towpath_lease_v6' };
/** Two halves, because a hash:net set cannot hold a prefix of length 0. */
export const LEASE_ENTRIES: Readonly<Record<Family, readonly string[]>> = {
  v4: ['0.0.0.0/1', '128.0.0.0/1'],
  v6: ['::/1', '8000::/1'],
};

/** Routing protocol number that marks our routes (a free one: see /etc/iproute2/rt_protos). */
export const ROUTE_PROTOCOL = 167;
