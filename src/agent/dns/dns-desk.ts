/** What the UDP and the TCP listener share: whose query this is, what becomes of it, and the count of it. */
import type { DirectoryEntry } from '../../contract/views.ts';
import { decideQuery, type QueryDecision } from './decide-query.ts';
import { LocalAddresses } from './local-addresses.ts';
import type { OriginalResolvers, Resolver } from './original-resolver.ts';
import { isLoopback, type ResolverFile } from './resolver-file.ts';

const DNS_PORT = 53;

export type QueryFate =
  /** Answered from the mesh. */
  | 'service'
  | 'forwarded'
  /** Nobody answered, or too many queries were under way. */
  | 'failed'
  | 'malformed'
  /** Not from this host, or no request. */
  | 'ignored';

export type Transport = 'udp' | 'tcp';

export interface DnsCount {
  readonly transport: Transport;
  readonly fate: QueryFate;
  readonly count: number;
}

export class DnsDesk {
  readonly #find: (name: string) => DirectoryEntry | null;
  readonly #port: number;
  readonly #hasIpv6: boolean;
  readonly #originals: OriginalResolvers;
  readonly #file: ResolverFile;
  readonly #local = new LocalAddresses();
  readonly #counts = new Map<`${Transport} ${QueryFate}`, number>();

  /** @param port our own, on loopback */
  constructor(
    find: (name: string) => DirectoryEntry | null,
    port: number,
    hasIpv6: boolean,
    originals: OriginalResolvers,
    file: ResolverFile,
  ) {
    this.#find = find;
    this.#port = port;
    this.#hasIpv6 = hasIpv6;
    this.#originals = originals;
    this.#file = file;
  }

  decide(message: Buffer): QueryDecision {
    return decideQuery(message, this.#find, this.#hasIpv6);
  }

  isLocal(address: string): boolean {
    return this.#local.has(address, performance.now());
  }

  /** Whom a query is sent on to: the one it was meant for, else this host's nameservers; never ourselves. */
  serversFor(transport: Transport, client: Resolver, local: Resolver): readonly Resolver[] {
    const original = this.#originals.find(transport, client, local);
    if (original !== null && !this.#isOurs(original)) return [original];
    const servers = this.#file.nameservers(performance.now()).map((address) => ({ address, port: DNS_PORT }));
    return servers.filter((server) => !this.#isOurs(server));
  }

  count(transport: Transport, fate: QueryFate): void {
    const key = `${transport} ${fate}` as const;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  counts(): DnsCount[] {
    return [...this.#counts].map(([key, count]) => {
      const [transport, fate] = key.split(' ') as [Transport, QueryFate];
      return { transport, fate, count };
    });
  }

  #isOurs({ address, port }: Resolver): boolean {
    return port === this.#port && isLoopback(address);
  }
}
