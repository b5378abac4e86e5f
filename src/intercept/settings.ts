/** What the operator may say about interception, with the field's defaults. Pure data; nothing here touches the host. */

/** Ports `from` to `to`, both included; a single port has `from === to`. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** Which connections of local programs are captured. A connection must pass every include list and no exclude list. */
export interface OutboundSettings {
  readonly includePorts: readonly PortRange[] | '*';
  readonly excludePorts: readonly PortRange[];
  /** Destinations; empty means all. A range inside 127.0.0.0/8 or ::1 also captures that loopback traffic. */
  readonly includeCidrs: readonly string[];
  readonly excludeCidrs: readonly string[];
  /** Numeric ids of the calling program; empty means all. With both lists, either match is enough. */
  readonly includeUids: readonly number[];
  readonly excludeUids: readonly number[];
  readonly includeGids: readonly number[];
  readonly excludeGids: readonly number[];
}

/** Which connections that reach this host are captured. */
export interface InboundSettings {
  readonly includePorts: readonly PortRange[] | '*';
  readonly excludePorts: readonly PortRange[];
  /** Source addresses; empty means all. */
  readonly includeCidrs: readonly string[];
  readonly excludeCidrs: readonly string[];
  /** Interface names, `+` at the end matches a prefix (`docker+`); empty means all. */
  readonly includeInterfaces: readonly string[];
  readonly excludeInterfaces: readonly string[];
}

/**
 * What happens to new connections when the agent is gone. `open`: the kernel stops redirecting within 5 s and programs talk
 * directly. `closed`: it keeps redirecting to the dead listener, so connections are refused.
 */
export type FailureMode = 'open' | 'closed';

/** Connections that programs of these users or primary groups open go to a listener of their own. */
export interface ProgramRedirect {
  readonly port: number;
  readonly uids: readonly number[];
  readonly gids: readonly number[];
}

export interface InterceptionSettings {
  /** The outbound listener (REDIRECT target of local programs' connections). */
  readonly outboundPort: number;
  /** The inbound listener (REDIRECT target of connections from the network). */
  readonly inboundPort: number;
  /** The DNS listener on loopback (REDIRECT target of local programs' queries); null = DNS is not captured. */
  readonly dnsPort: number | null;
  /** Group of the agent's own sockets: never captured outbound. */
  readonly gid: number;
  readonly failure: FailureMode;
  /** Addresses that exist only in the mesh, IPv4 and IPv6: always captured, whatever the lists below say. */
  readonly virtualIpRanges: readonly string[];
  readonly outbound: OutboundSettings;
  /** In the place of the outbound listener, for some programs. The first that names a program has it. */
  readonly programs: readonly ProgramRedirect[];
  readonly inbound: InboundSettings;
  /** Also install ip6tables rules. */
  readonly ipv6: boolean;
}

/** Group of the agent process (numeric, so that no account has to exist). */
export const DEFAULT_GID = 15001;
export const DEFAULT_OUTBOUND_PORT = 15001;
export const DEFAULT_INBOUND_PORT = 15006;
export const DEFAULT_DNS_PORT = 15053;
/** SO_MARK of the inbound proxy's dials to the local program; tells them from its outbound dials, which carry no mark. */
export const INBOUND_DIAL_MARK = 0x70a7;
export const DEFAULT_VIRTUAL_IP_RANGES: readonly string[] = ['240.240.0.0/16', 'fd00:240::/32'];
/** Ports the agent and control listen on themselves, besides the two capture ports: admin, metrics, DNS, explicit proxy, control. */
export const OWN_SERVICE_PORTS: readonly number[] = [15000, 15010, 15020, 15053, 15080];

const SSH_PORT: PortRange = { from: 22, to: 22 };

/** Everything captured on both families and in both directions, except SSH to and from this host. */
export const DEFAULT_SETTINGS: InterceptionSettings = {
  outboundPort: DEFAULT_OUTBOUND_PORT,
  inboundPort: DEFAULT_INBOUND_PORT,
  dnsPort: DEFAULT_DNS_PORT,
  gid: DEFAULT_GID,
  failure: 'open',
  virtualIpRanges: DEFAULT_VIRTUAL_IP_RANGES,
  outbound: {
    includePorts: '*',
    excludePorts: [SSH_PORT],
    includeCidrs: [],
    excludeCidrs: [],
    includeUids: [],
    excludeUids: [],
    includeGids: [],
    excludeGids: [],
  },
  programs: [],
  inbound: {
    includePorts: '*',
    excludePorts: [SSH_PORT],
    includeCidrs: [],
    excludeCidrs: [],
    includeInterfaces: [],
    excludeInterfaces: [],
  },
  ipv6: true,
};
