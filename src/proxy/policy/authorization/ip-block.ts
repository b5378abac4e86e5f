/** An address or CIDR, compared without allocation. */
import { parseSockAddr, type SockAddr } from '../../../reactor/socket-address.ts';

export class IpBlock {
  readonly #family: 4 | 6;
  readonly #words: readonly [number, number, number, number];
  readonly #masks: readonly [number, number, number, number];

  private constructor(address: SockAddr, prefix: number) {
    this.#family = address.family;
    const mask = (from: number): number => maskOf(Math.min(32, Math.max(0, prefix - from)));
    this.#masks = address.family === 4 ? [mask(0), 0, 0, 0] : [mask(0), mask(32), mask(64), mask(96)];
    const { a, b, c, d } = address;
    this.#words = [and(a, this.#masks[0]), and(b, this.#masks[1]), and(c, this.#masks[2]), and(d, this.#masks[3])];
  }

  /** null: it is none. */
  static parse(text: string): IpBlock | null {
    const [ip = '', length, ...more] = text.split('/');
    const address = parseSockAddr(ip, 0);
    if (address === null || more.length > 0) return null;
    const bits = address.family === 4 ? 32 : 128;
    if (length !== undefined && !/^\d{1,3}$/.test(length)) return null;
    const prefix = length === undefined ? bits : Number(length);
    return prefix > bits ? null : new IpBlock(address, prefix);
  }

  contains({ family, a, b, c, d }: SockAddr): boolean {
    if (family !== this.#family) return false;
    const [p, q, r, s] = this.#masks;
    const [w, x, y, z] = this.#words;
    return and(a, p) === w && and(b, q) === x && and(c, r) === y && and(d, s) === z;
  }
}

function maskOf(bits: number): number {
  return bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0;
}

function and(a: number, b: number): number {
  return (a & b) >>> 0;
}
