/** What becomes of a DNS message: names of the mesh are answered, everything else goes to whom it was meant for. Pure. */
import type { DirectoryEntry } from '../../contract/views.ts';
import { type Query, readQuery } from './read-query.ts';
import { FORMAT_ERROR, writeAnswer, writeRefusal } from './write-answer.ts';

export type QueryDecision =
  | { readonly type: 'answer'; readonly message: Buffer }
  /** Unchanged. `query` null: no question that we can read. */
  | { readonly type: 'forward'; readonly query: Query | null }
  | { readonly type: 'malformed'; readonly message: Buffer }
  | { readonly type: 'drop' };

const DROP: QueryDecision = { type: 'drop' };
const FORWARD_OTHER: QueryDecision = { type: 'forward', query: null };

/**
 * @param find the service that a name means, null for none
 * @param hasIpv6 false: IPv6 is not captured here, and its virtual addresses lead nowhere
 */
export function decideQuery(
  message: Buffer,
  find: (name: string) => DirectoryEntry | null,
  hasIpv6: boolean,
): QueryDecision {
  const read = readQuery(message);
  switch (read.type) {
    case 'no-request':
      return DROP;
    case 'malformed':
      return { type: 'malformed', message: writeRefusal(message, null, FORMAT_ERROR) };
    case 'other':
      return FORWARD_OTHER;
    case 'query': {
      const { query } = read;
      const entry = query.name === '' ? null : find(query.name);
      const addresses = entry === null ? [] : addressesOf(entry);
      // A ServiceEntry may have no address of its own: then the rest of the world knows the host's.
      if (addresses.length === 0) return { type: 'forward', query };
      const usable = hasIpv6 ? addresses : addresses.filter((ip) => !ip.includes(':'));
      return { type: 'answer', message: writeAnswer(message, query, usable) };
    }
  }
}

/** Virtual addresses, or those that a ServiceEntry gives by itself; ranges are no address to dial. */
function addressesOf({ virtualIps, addresses }: DirectoryEntry): readonly string[] {
  if (virtualIps.length > 0 || addresses === undefined) return virtualIps;
  return addresses.filter((address) => !address.includes('/'));
}
