import { BlockList, isIP, SocketAddress } from 'node:net';

/** Never the address of one program on one host. */
const UNUSABLE = new BlockList();
UNUSABLE.addSubnet('0.0.0.0', 8, 'ipv4');
UNUSABLE.addSubnet('224.0.0.0', 4, 'ipv4');
UNUSABLE.addAddress('255.255.255.255', 'ipv4');
UNUSABLE.addAddress('::', 'ipv6');
UNUSABLE.addSubnet('ff00::', 8, 'ipv6');
const LINK_LOCAL_V6 = new BlockList();
LINK_LOCAL_V6.addSubnet('fe80::', 10, 'ipv6');
/** Means another host wherever it is read, or needs an interface name that a view cannot carry. */
const HOST_LOCAL = new BlockList();
HOST_LOCAL.addSubnet('127.0.0.0', 8, 'ipv4');
HOST_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
HOST_LOCAL.addAddress('::1', 'ipv6');
HOST_LOCAL.addSubnet('fe80::', 10, 'ipv6');

/** Canonical text of an IPv4 or IPv6 address (RFC 5952; an IPv4-mapped address as IPv4); null when it is not one. */
export function canonicalIp(text: string): string | null {
  const family = isIP(text);
  if (family === 0 || text.includes('%')) return null;
  if (family === 4) return text;
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1] ?? address;
}

/** Why an address cannot be an endpoint, as the end of a sentence; null when it can. Loopback is fine: one-host meshes use it. */
export function endpointIpProblem(ip: string): string | null {
  if (UNUSABLE.check(ip, familyOf(ip))) return 'is not the address of a single host';
  return LINK_LOCAL_V6.check(ip, familyOf(ip))
    ? 'is link-local, which needs an interface; use a global or unique local address'
    : null;
}

/** Why an address cannot be a virtual IP, as the end of a sentence; null when it can. */
export function virtualIpProblem(ip: string): string | null {
  if (UNUSABLE.check(ip, familyOf(ip))) return 'cannot be dialled as the address of one service';
  return HOST_LOCAL.check(ip, familyOf(ip)) ? 'means something else on every host' : null;
}

/** IPv4 before IPv6, then by text: the order of addresses in every view. */
export function compareIps(a: string, b: string): number {
  return Number(a.includes(':')) - Number(b.includes(':')) || (a < b ? -1 : a > b ? 1 : 0);
}

function familyOf(ip: string): 'ipv4' | 'ipv6' {
  return ip.includes(':') ? 'ipv6' : 'ipv4';
}
