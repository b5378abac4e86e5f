/** Whom a redirected query was meant for, as the kernel remembers it. */
import { Conntrack, type Transport } from '../../reactor/conntrack.ts';
import { parseSockAddr } from '../../reactor/socket-address.ts';

export interface Resolver {
  readonly address: string;
  readonly port: number;
}

export interface OriginalResolvers {
  /** False: the kernel cannot be asked, and no query's destination is known. */
  readonly available: boolean;
  /** null: the query was not redirected, or nobody knows. `client`, `local`: the two ends as our socket sees them. */
  find(transport: Transport, client: Resolver, local: Resolver): Resolver | null;
  close(): void;
}

export function openOriginalResolvers(): OriginalResolvers {
  const conntrack = Conntrack.open();
  if (conntrack === null) return { available: false, find: () => null, close: () => {} };
  return {
    available: true,
    find: (transport, client, local) => {
      const from = parseSockAddr(client.address, client.port);
      const to = parseSockAddr(local.address, local.port);
      const original = from === null || to === null ? null : conntrack.originalDestination(transport, from, to);
      return original === null ? null : { address: original.ip, port: original.port };
    },
    close: () => conntrack.close(),
  };
}
