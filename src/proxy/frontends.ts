/** Which dialled addresses are services: virtual IPs on any port, and the real addresses and ranges of ServiceEntries on their ports. */
import { type DirectoryEntry, type ServiceKey, serviceKey } from '../contract/views.ts';
import { parseSockAddr, SockAddr } from '../reactor/socket-address.ts';

/** Ranges of one family and one prefix length: the first address with the port, as a key, to the service. */
interface Ranges {
  readonly family: 4 | 6;
  readonly prefix: number;
  readonly services: Map<number | string, ServiceKey>;
}

export class Frontends {
  readonly #virtual = new Map<number | string, ServiceKey>();
  readonly #exact = new Map<number | string, ServiceKey>();
  /** The longest prefix first. */
  readonly #ranges: Ranges[] = [];

  constructor(entries: readonly DirectoryEntry[]) {
    for (const entry of entries) {
      const key = serviceKey(entry.namespace, entry.name);
      for (const ip of entry.virtualIps) {
        const address = parseSockAddr(ip, 0);
        if (address !== null) this.#virtual.set(address.key, key);
      }
      for (const text of entry.addresses ?? []) this.#addReal(text, entry.ports, key);
    }
    this.#ranges.sort((a, b) => b.prefix - a.prefix);
  }

  /** Virtual before real, an address before a range, the longer prefix before the shorter; null: no service. */
  find(destination: SockAddr): ServiceKey | null {
    const virtual = this.#virtual.get(destination.family === 4 ? destination.a * 65536 : destination.withPort(0).key);
    if (virtual !== undefined) return virtual;
    if (this.#exact.size === 0 && this.#ranges.length === 0) return null;
    const exact = this.#exact.get(destination.key);
    if (exact !== undefined) return exact;
    for (const { family, prefix, services } of this.#ranges) {
      if (family !== destination.family) continue;
      const found = services.get(firstOf(destination, prefix).key);
      if (found !== undefined) return found;
    }
    return null;
  }

  /** Of several entries with one address and port the first has it. */
  #addReal(text: string, ports: readonly number[], key: ServiceKey): void {
    const [ip = '', length] = text.split('/');
    for (const port of ports) {
      const address = parseSockAddr(ip, port);
      if (address === null) return;
      const bits = address.family === 4 ? 32 : 128;
      const prefix = length === undefined ? bits : Number(length);
      const services = prefix === bits ? this.#exact : this.#rangesOf(address.family, prefix);
      const first = firstOf(address, prefix).key;
      if (!services.has(first)) services.set(first, key);
    }
  }

  #rangesOf(family: 4 | 6, prefix: number): Map<number | string, ServiceKey> {
    const known = this.#ranges.find((one) => one.family === family && one.prefix === prefix);
    if (known !== undefined) return known.services;
    const services = new Map<number | string, ServiceKey>();
    this.#ranges.push({ family, prefix, services });
    return services;
  }
}

/** The first address of the range of that prefix length, with the same port. */
function firstOf({ family, port, a, b, c, d }: SockAddr, prefix: number): SockAddr {
  const word = (value: number, from: number): number => {
    const bits = Math.min(32, Math.max(0, prefix - from));
    return bits === 0 ? 0 : (value & (0xffff_ffff << (32 - bits))) >>> 0;
  };
  if (family === 4) return new SockAddr(4, port, word(a, 0), 0, 0, 0, 0);
  return new SockAddr(6, port, word(a, 0), word(b, 32), word(c, 64), word(d, 96), 0);
}
