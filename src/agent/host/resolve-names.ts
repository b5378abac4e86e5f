/** Host names to addresses as any program of this host sees them (getaddrinfo: hosts file, resolver, search domains). */
import { ADDRCONFIG, type LookupAddress, lookup } from 'node:dns';

export interface Resolution {
  /** In the order in which they should be tried (RFC 6724). */
  readonly addresses: readonly string[];
  readonly problem: '' | 'unknown' | 'failed';
}

export type Lookup = (
  name: string,
  answer: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

type Answer = (resolution: Resolution) => void;

/** getaddrinfo blocks a thread of Node's pool of four: the others are left to the rest of the agent. */
const MAX_AT_ONCE = 2;
const MAX_QUEUED = 256;
const MAX_ADDRESSES = 16;
const UNKNOWN = new Set(['ENOTFOUND', 'ENODATA', 'EAI_NONAME', 'EAI_NODATA', 'EAI_ADDRFAMILY']);
const FAILED: Resolution = { addresses: [], problem: 'failed' };

const systemLookup: Lookup = (name, answer) =>
  lookup(name, { all: true, order: 'verbatim', hints: ADDRCONFIG }, answer);

export class NameResolver {
  readonly #lookup: Lookup;
  /** Who waits for which name, those under way and those queued. */
  readonly #waiting = new Map<string, Answer[]>();
  readonly #queue: string[] = [];
  #running = 0;

  constructor(look: Lookup = systemLookup) {
    this.#lookup = look;
  }

  /** Calls back exactly once; at once with `failed` when too many names are asked for. */
  resolve(name: string, answer: Answer): void {
    const others = this.#waiting.get(name);
    if (others !== undefined) {
      others.push(answer);
      return;
    }
    if (this.#queue.length >= MAX_QUEUED) return answer(FAILED);
    this.#waiting.set(name, [answer]);
    this.#queue.push(name);
    this.#next();
  }

  #next(): void {
    if (this.#running === MAX_AT_ONCE) return;
    const name = this.#queue.shift();
    if (name === undefined) return;
    this.#running++;
    this.#lookup(name, (error, addresses) => {
      this.#running--;
      this.#settle(name, toResolution(error, addresses));
      this.#next();
    });
  }

  #settle(name: string, resolution: Resolution): void {
    const answers = this.#waiting.get(name) ?? [];
    this.#waiting.delete(name);
    for (const answer of answers) answer(resolution);
  }
}

function toResolution(error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]): Resolution {
  if (error === null) return { addresses: addresses.slice(0, MAX_ADDRESSES).map((a) => a.address), problem: '' };
  return UNKNOWN.has(error.code ?? '') ? { addresses: [], problem: 'unknown' } : FAILED;
}
