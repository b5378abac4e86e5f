/** sockaddr_in / sockaddr_in6 (linux/in.h, linux/in6.h) to and from the slab, without strings on the hot path. */
import { isIPv4, isIPv6 } from 'node:net';
import type { Slab } from './slab.ts';
import { AF_INET, AF_INET6 } from './syscalls.ts';

export const SOCKADDR_BYTES = 28;

/** An IP address and port as numbers. Immutable; comparing and hashing need no text. */
export class SockAddr {
  readonly family: 4 | 6;
  readonly port: number;
  /** IPv4: `a` holds the address. IPv6: four words, most significant first. All unsigned 32-bit. */
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  /** Interface index of a link-local IPv6 address, else 0. */
  readonly scope: number;
  #ip: string | undefined;

  constructor(family: 4 | 6, port: number, a: number, b: number, c: number, d: number, scope: number) {
    this.family = family;
    this.port = port;
    this.a = a;
    this.b = b;
    this.c = c;
    this.d = d;
    this.scope = scope;
  }

  /** A map key: exact number for IPv4 (48 bits), text for IPv6. */
  get key(): number | string {
    return this.family === 4 ? this.a * 65536 + this.port : `${this.ip}:${this.port}`;
  }

  /** Canonical text of the address (RFC 5952 for IPv6, with `%index` when scoped). */
  get ip(): string {
    this.#ip ??= this.family === 4 ? formatIpv4(this.a) : formatIpv6(this);
    return this.#ip;
  }

  withPort(port: number): SockAddr {
    return new SockAddr(this.family, port, this.a, this.b, this.c, this.d, this.scope);
  }

  equals(other: SockAddr): boolean {
    return (
      this.port === other.port &&
      this.family === other.family &&
      this.a === other.a &&
      this.b === other.b &&
      this.c === other.c &&
      this.d === other.d &&
      this.scope === other.scope
    );
  }

  isLoopback(): boolean {
    return this.family === 4 ? this.a >>> 24 === 127 : this.a === 0 && this.b === 0 && this.c === 0 && this.d === 1;
  }

  toString(): string {
    return this.family === 4 ? `${this.ip}:${this.port}` : `[${this.ip}]:${this.port}`;
  }
}

/** Writes the kernel structure at `offset` and returns its length in bytes. */
export function writeSockAddr(slab: Slab, offset: number, address: SockAddr): number {
  const { view } = slab;
  if (address.family === 4) {
    view.setUint16(offset, AF_INET, true);
    view.setUint16(offset + 2, address.port);
    view.setUint32(offset + 4, address.a);
    view.setUint32(offset + 8, 0);
    view.setUint32(offset + 12, 0);
    return 16;
  }
  view.setUint16(offset, AF_INET6, true);
  view.setUint16(offset + 2, address.port);
  view.setUint32(offset + 4, 0);
  view.setUint32(offset + 8, address.a);
  view.setUint32(offset + 12, address.b);
  view.setUint32(offset + 16, address.c);
  view.setUint32(offset + 20, address.d);
  view.setUint32(offset + 24, address.scope, true);
  return SOCKADDR_BYTES;
}

/** Reads the kernel structure at `offset`; null for a family that is not IP. */
export function readSockAddr(slab: Slab, offset: number): SockAddr | null {
  const { view } = slab;
  const family = view.getUint16(offset, true);
  const port = view.getUint16(offset + 2);
  if (family === AF_INET) return new SockAddr(4, port, view.getUint32(offset + 4), 0, 0, 0, 0);
  if (family !== AF_INET6) return null;
  return new SockAddr(
    6,
    port,
    view.getUint32(offset + 8),
    view.getUint32(offset + 12),
    view.getUint32(offset + 16),
    view.getUint32(offset + 20),
    view.getUint32(offset + 24, true),
  );
}

/** Parses an IP literal (`10.0.0.1`, `fd00::1`, `fe80::1%3`); null when it is not one. */
export function parseSockAddr(ip: string, port: number): SockAddr | null {
  if (isIPv4(ip)) {
    const [p, q, r, s] = ip.split('.').map(Number);
    return new SockAddr(4, port, ((p << 24) | (q << 16) | (r << 8) | s) >>> 0, 0, 0, 0, 0);
  }
  if (!isIPv6(ip)) return null;
  const [address, zone] = ip.split('%');
  const scope = zone === undefined ? 0 : Number(zone);
  if (!Number.isInteger(scope)) return null;
  const w = expandIpv6(address);
  return new SockAddr(6, port, word(w, 0), word(w, 2), word(w, 4), word(w, 6), scope);
}

function word(groups: readonly number[], at: number): number {
  return ((groups[at] << 16) | groups[at + 1]) >>> 0;
}

/** Eight 16-bit groups of a valid IPv6 literal, which may end in dotted IPv4. */
function expandIpv6(text: string): number[] {
  const [left, right] = text.split('::');
  const head = groupsOf(left);
  if (right === undefined) return head;
  const tail = groupsOf(right);
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [p, q, r, s] = group.split('.').map(Number);
    return [(p << 8) | q, (r << 8) | s];
  });
}

function formatIpv4(a: number): string {
  return `${a >>> 24}.${(a >>> 16) & 255}.${(a >>> 8) & 255}.${a & 255}`;
}

function formatIpv6(address: SockAddr): string {
  const groups = [address.a, address.b, address.c, address.d].flatMap((w) => [w >>> 16, w & 0xffff]);
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === 0) n++;
    if (n > bestLength) {
      best = i;
      bestLength = n;
    }
  }
  const hex = groups.map((g) => g.toString(16));
  const text = best < 0 ? hex.join(':') : `${hex.slice(0, best).join(':')}::${hex.slice(best + bestLength).join(':')}`;
  return address.scope === 0 ? text : `${text}%${address.scope}`;
}
