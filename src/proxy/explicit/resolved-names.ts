/** What host names mean, as main has resolved them: kept for a bounded time and in bounded number. */
import type { SockAddr } from '../../reactor/socket-address.ts';
import { hostAddress } from './read-authority.ts';

/** getaddrinfo(3) does not tell how long its answer holds. */
const GOOD_FOR_MS = 30_000;
const BAD_FOR_MS = 5_000;
const MAX_NAMES = 1024;

/** Why a name has no address: there is none, or nobody could say. */
export type NameProblem = '' | 'unknown' | 'failed';

export interface ResolvedName {
  /** With port 0, the best first; empty when there is a problem. */
  readonly addresses: readonly SockAddr[];
  readonly problem: NameProblem;
}

interface Entry extends ResolvedName {
  /** ms of the reactor's clock. */
  readonly until: number;
}

export class ResolvedNames {
  readonly #names = new Map<string, Entry>();

  /** null: not known, or not any more. @param now ms of the reactor's clock */
  get(name: string, now: number): ResolvedName | null {
    const entry = this.#names.get(name);
    return entry === undefined || entry.until <= now ? null : entry;
  }

  put(name: string, addresses: readonly string[], problem: NameProblem, now: number): void {
    const usable = addresses.map(hostAddress).filter((address) => address !== null);
    const settled = usable.length === 0 && problem === '' ? 'unknown' : problem;
    this.#names.delete(name);
    this.#names.set(name, {
      addresses: usable,
      problem: settled,
      until: now + (settled === '' ? GOOD_FOR_MS : BAD_FOR_MS),
    });
    if (this.#names.size > MAX_NAMES) this.#dropOldest();
  }

  #dropOldest(): void {
    for (const name of this.#names.keys()) {
      this.#names.delete(name);
      return;
    }
  }
}
