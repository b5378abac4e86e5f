/** Whether a query comes from this host. Nobody else is answered, so that nobody can use us against others. */
import { networkInterfaces } from 'node:os';
import { isLoopback } from './resolver-file.ts';

/** Interfaces are listed again, for an address that is not known, at most this often (ms). */
const LIST_EVERY_MS = 1_000;

export class LocalAddresses {
  readonly #list: () => readonly string[];
  #known: ReadonlySet<string> = new Set();
  #listedAt = Number.NEGATIVE_INFINITY;

  constructor(list: () => readonly string[] = listAddresses) {
    this.#list = list;
  }

  /** @param address as the socket tells it, with a zone (`%eth0`) perhaps; @param nowMs of a clock that does not go back */
  has(address: string, nowMs: number): boolean {
    if (isLoopback(address)) return true;
    const bare = address.split('%', 1)[0] ?? '';
    if (this.#known.has(bare)) return true;
    if (nowMs - this.#listedAt < LIST_EVERY_MS) return false;
    this.#listedAt = nowMs;
    this.#known = new Set(this.#list());
    return this.#known.has(bare);
  }
}

function listAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
}
