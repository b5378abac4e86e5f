/** The address under which this host's workloads register when the file names none. */
import { readFileSync } from 'node:fs';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** @returns null when the host has no address but loopback and link-local ones. */
export function findHostAddress(): string | null {
  const routes = defaultRouteInterfaces(readText('/proc/net/route'), readText('/proc/net/ipv6_route'));
  return pickHostAddress(networkInterfaces(), routes);
}

/** IPv4 before IPv6, and the interface of the default route before the others (a container bridge often comes first). */
export function pickHostAddress(interfaces: Interfaces, preferred: readonly string[]): string | null {
  const names = Object.keys(interfaces);
  const ordered = [...preferred.filter((name) => names.includes(name)), ...names];
  const usable = ordered
    .flatMap((name) => interfaces[name] ?? [])
    .filter((a) => !a.internal && !isLinkLocal(a.address));
  const found = usable.find((a) => a.family === 'IPv4') ?? usable.find((a) => a.family === 'IPv6');
  return found?.address ?? null;
}

/**
 * Interfaces with a default route. `/proc/net/route`: name, destination and gateway in hexadecimal;
 * `/proc/net/ipv6_route`: destination, prefix length, ..., name in the tenth column.
 */
export function defaultRouteInterfaces(ipv4: string, ipv6: string): string[] {
  const rows = (text: string): string[][] => text.split('\n').map((line) => line.trim().split(/\s+/));
  const four = rows(ipv4).flatMap(([name, destination]) => (destination === '00000000' ? (name ?? []) : []));
  const six = rows(ipv6).flatMap((row) => (/^0{32}$/.test(row[0] ?? '') && row[1] === '00' ? (row[9] ?? []) : []));
  return [...new Set([...four, ...six])].filter((name) => name !== 'lo');
}

function isLinkLocal(address: string): boolean {
  return address.startsWith('169.254.') || /^fe[89ab]/i.test(address);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
