/** Address ranges in the one text form that iptables-save prints: network address, canonical, always with its prefix length. Pure. */
import { isIP, SocketAddress } from 'node:net';
import type { Family } from './rule.ts';

export interface Cidr {
  readonly family: Family;
  /** `10.0.0.0/8`, `fd00::/16`, `10.0.0.1/32`; bits beyond the prefix are zero. */
  readonly text: string;
  readonly network: bigint;
  readonly prefix: number;
}

/** Reads `10.0.0.1`, `10.0.0.0/8`, `fd00::/16`; undefined when it is none of these. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes('%')) return undefined;
  const bits = version === 4 ? 32 : 128;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined;
  const prefix = length === undefined ? bits : Number(length);
  if (prefix > bits) return undefined;
  const host = BigInt(bits - prefix);
  const network = ((version === 4 ? v4Number(address) : v6Number(address)) >> host) << host;
  const canonical = version === 4 ? v4Text(network) : v6Text(network);
  return { family: version === 4 ? 'v4' : 'v6', text: `${canonical}/${prefix}`, network, prefix };
}

/** Whether every address of `inner` is in `outer`. */
export function containsCidr(outer: Cidr, inner: Cidr): boolean {
  if (outer.family !== inner.family || outer.prefix > inner.prefix) return false;
  const shift = BigInt((outer.family === 'v4' ? 32 : 128) - outer.prefix);
  return outer.network >> shift === inner.network >> shift;
}

/** The ranges of one family, in the given order. Text that is no range is left out: validation has refused it before. */
export function cidrsOf(family: Family, texts: readonly string[]): Cidr[] {
  return texts.map(parseCidr).filter((cidr): cidr is Cidr => cidr?.family === family);
}

function v4Number(address: string): bigint {
  return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function v4Text(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
}

function v6Number(address: string): bigint {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  if (tail !== null) {
    const [, head = '', dotted = ''] = tail;
    const low = v4Number(dotted);
    return v6Number(`${head}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const [left = '', right] = address.split('::');
  const before = left === '' ? [] : left.split(':');
  const after = right === undefined || right === '' ? [] : right.split(':');
  const zeros = right === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

function v6Text(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
