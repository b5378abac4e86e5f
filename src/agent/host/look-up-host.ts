/** One host's addresses and how long they hold: by DNS, which tells the time, else as any program sees them (hosts file). */
import { lookup, Resolver } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';

export interface FoundAddresses {
  /** IPv4, then IPv6, of the families that this host can reach. */
  readonly addresses: readonly string[];
  readonly ttlSeconds: number;
}

/** getaddrinfo(3) does not tell how long its answer holds. */
const UNTOLD_SECONDS = 30;
const MAX_ADDRESSES = 64;

/** null: nobody could say, or there is no such host. */
export async function lookUpHost(host: string): Promise<FoundAddresses | null> {
  // Made anew each time: it reads resolv.conf once.
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  const [v4, v6] = await Promise.all([
    resolver.resolve4(host, { ttl: true }).catch(() => []),
    resolver.resolve6(host, { ttl: true }).catch(() => []),
  ]);
  const records = [...v4, ...v6];
  if (records.length === 0) return await lookUpAsPrograms(host);
  const ttlSeconds = Math.min(...records.map(({ ttl }) => ttl));
  return { addresses: reachable(records.map(({ address }) => address)), ttlSeconds };
}

async function lookUpAsPrograms(host: string): Promise<FoundAddresses | null> {
  const found = await lookup(host, { all: true }).catch(() => []);
  if (found.length === 0) return null;
  return { addresses: reachable(found.map(({ address }) => address)), ttlSeconds: UNTOLD_SECONDS };
}

/** Without an address of a family nothing of it can be reached; a host with neither is on its own, and all are kept. */
function reachable(addresses: readonly string[]): string[] {
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const global = own.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  const families = new Set(global.map(({ family }) => family));
  return keepFamilies(addresses, families).slice(0, MAX_ADDRESSES);
}

/** Pure. @param families that this host has; an empty set, or one that would leave nothing, keeps all */
export function keepFamilies(addresses: readonly string[], families: ReadonlySet<string>): readonly string[] {
  const kept = addresses.filter((address) => families.has(address.includes(':') ? 'IPv6' : 'IPv4'));
  return kept.length === 0 ? addresses : kept;
}
