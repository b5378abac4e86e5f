/** Addresses of a lab's network: the n-th address of an IPv4 or IPv6 subnet. */
import { isIPv4, isIPv6 } from 'node:net';

export interface Subnet {
  readonly family: 4 | 6;
  /** Base address as a number: 32 or 128 bits. */
  readonly base: bigint;
  /** Prefix length in bits. */
  readonly prefix: number;
}

/** `10.77.0.0/24` or `fd77::/64`; null when it is neither, leaves no room for 200 hosts, or has bits set below the prefix. */
export function parseSubnet(text: string): Subnet | null {
  const [address = '', length = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^\d{1,3}$/.test(length)) return null;
  const prefix = Number(length);
  if (isIPv4(address)) return aligned({ family: 4, base: ipv4ToNumber(address), prefix }, 32);
  if (isIPv6(address) && !address.includes('.') && !address.includes('%')) {
    return aligned({ family: 6, base: ipv6ToNumber(address), prefix }, 128);
  }
  return null;
}

function aligned(subnet: Subnet, bits: number): Subnet | null {
  if (subnet.prefix < 8 || subnet.prefix > bits - 8) return null;
  const hostMask = (1n << BigInt(bits - subnet.prefix)) - 1n;
  return (subnet.base & hostMask) === 0n ? subnet : null;
}

/** The `index`-th address of the subnet as text: `10.77.0.2`, `fd77::2`. */
export function addressAt(subnet: Subnet, index: number): string {
  const value = subnet.base + BigInt(index);
  if (subnet.family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(
    ':',
  );
  return new URL(`http://[${groups}]/`).hostname.slice(1, -1); // the URL parser shortens to the canonical form of RFC 5952
}

function ipv4ToNumber(text: string): bigint {
  return text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function ipv6ToNumber(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}
