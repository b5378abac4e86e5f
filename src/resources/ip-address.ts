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

/** Canonical text of an IPv4 or IPv6 range with its host bits cleared (`10.1.2.3/8` becomes `10.0.0.0/8`); null when it is not one. */
export function canonicalCidr(text: string): string | null {
  const [address = '', length = '', ...more] = text.split('/');
  const ip = canonicalIp(address);
  if (ip === null || more.length > 0 || !/^[0-9]{1,3}$/.test(length)) return null;
  const v6 = ip.includes(':');
  // An IPv4-mapped range would need another length; other addresses with an IPv4 tail are obsolete.
  if (v6 !== address.includes(':') || (v6 && ip.includes('.'))) return null;
  const prefix = Number(length);
  const bits = v6 ? 128 : 32;
  if (prefix > bits) return null;
  if (prefix === bits) return ip;
  const groupBits = v6 ? 16 : 8;
  const masked = groupsOf(ip).map((group, i) => group & maskOf(prefix - i * groupBits, groupBits));
  const network = v6 ? canonicalIp(masked.map((group) => group.toString(16)).join(':')) : masked.join('.');
  return `${network}/${prefix}`;
}

/** The numbers of an address in canonical text: four bytes, or eight groups of 16 bits. */
function groupsOf(ip: string): number[] {
  if (!ip.includes(':')) return ip.split('.').map(Number);
  const [head = '', tail] = ip.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  if (tail === undefined) return groups(head);
  const missing = 8 - groups(head).length - groups(tail).length;
  return [...groups(head), ...Array.from({ length: missing }, () => 0), ...groups(tail)];
}

/** The first `ones` of so many bits. */
function maskOf(ones: number, bits: number): number {
  const kept = Math.min(Math.max(ones, 0), bits);
  return ((1 << kept) - 1) << (bits - kept);
}

const ALLOCATED = new BlockList();
ALLOCATED.addSubnet('240.240.0.0', 16, 'ipv4');
ALLOCATED.addSubnet('fd00:240::', 32, 'ipv6');

/** True for an address of the ranges that virtual IPs are allocated from; false for ranges. */
export function isAllocatable(address: string): boolean {
  return isIP(address) !== 0 && ALLOCATED.check(address, familyOf(address));
}
