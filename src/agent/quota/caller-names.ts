/** What the registry calls the addresses of callers, asked of control and remembered for a while. */
import { sharedNow } from '../../contract/shared-clock.ts';
import type { LeaseClient } from './lease-client.ts';

const KEEP_MS = 30_000;
/** Control did not answer: it is asked again sooner. */
const KEEP_FAILED_MS = 2_000;
const MAX_KEPT = 4_096;

interface Kept {
  readonly name: string | null;
  readonly until: number;
}

export class CallerNames {
  readonly #kept = new Map<string, Kept>();

  /**
   * `<namespace>/<name>` of the one workload at an address; null: none is registered there, or several are, or nobody can say.
   * Never rejects. @param now ms of a clock that never goes back
   */
  async find(address: string, client: LeaseClient | null, now: number): Promise<string | null> {
    const kept = this.#kept.get(address);
    if (kept !== undefined && now < kept.until) return kept.name;
    if (client === null) return null;
    try {
      const name = (await client.callers([address]))[address] ?? null;
      this.#keep(address, { name, until: now + KEEP_MS });
      return name;
    } catch {
      // What was known stays true as long as nobody says otherwise.
      const name = kept?.name ?? null;
      this.#keep(address, { name, until: now + KEEP_FAILED_MS });
      return name;
    }
  }

  #keep(address: string, kept: Kept): void {
    this.#kept.delete(address);
    this.#kept.set(address, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_KEPT) break;
      this.#kept.delete(oldest);
    }
  }
}

const ADDRESS = 'address:';

/** The key of a bucket, by address, as the key of the workload that is registered there; others stay as they are. */
export function renameKey(key: string, address: string, name: string | null): string {
  const prefix = `${ADDRESS}${address}`;
  return name !== null && isByAddress(key, address) ? `workload:${name}${key.slice(prefix.length)}` : key;
}

/** The address that a bucket goes by; null: it goes by something else. */
export function addressOf(key: string): string | null {
  return key.startsWith(ADDRESS) ? (key.slice(ADDRESS.length).split(' ', 1)[0] ?? null) : null;
}

/** The bucket is that of a caller of whom nothing but the address is known. */
export function isByAddress(key: string, address: string): boolean {
  return key === `${ADDRESS}${address}` || key.startsWith(`${ADDRESS}${address} `);
}

interface Named {
  readonly key: string;
  readonly aliases: ReadonlySet<string>;
}

/** Of the names that data threads have for buckets, those that lead to another bucket by what the registry says now. */
export async function findRenamed<B extends Named>(
  buckets: readonly B[],
  names: CallerNames,
  client: LeaseClient | null,
): Promise<{ readonly bucket: B; readonly alias: string }[]> {
  const found: { readonly bucket: B; readonly alias: string }[] = [];
  for (const bucket of buckets) {
    for (const alias of bucket.aliases) {
      const address = addressOf(alias);
      if (address === null) continue;
      const name = await names.find(address, client, sharedNow());
      if (renameKey(alias, address, name) !== bucket.key) found.push({ bucket, alias });
    }
  }
  return found;
}
