/** Keeps the addresses of hosts that are endpoints (ServiceEntry with resolution DNS): looked up as often as DNS says, never forgotten on a failure. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceKey } from '../../contract/views.ts';
import { type FoundAddresses, lookUpHost } from './look-up-host.ts';

/** s between two looks at a host, whatever its TTL says. */
const SHORTEST = 1;
const LONGEST = 60;
/** s until the next look after one that failed. */
const AFTER_FAILURE = 5;
/** ms that a view waits for the first addresses of its hosts: without them it would answer its first callers 503. */
const FIRST_LOOK_MS = 2_000;

export type LookUp = (host: string) => Promise<FoundAddresses | null>;
export type AddressesByHost = Readonly<Record<string, readonly string[]>>;

class FollowedHost {
  readonly users = new Set<ServiceKey>();
  readonly firstLook: Promise<void>;
  addresses: readonly string[] = [];
  timer: NodeJS.Timeout | undefined;

  constructor(firstLook: (host: FollowedHost) => Promise<void>) {
    this.firstLook = firstLook(this);
  }
}

export class FollowedNames {
  readonly #publish: (addresses: AddressesByHost) => void;
  readonly #lookUp: LookUp;
  readonly #hosts = new Map<string, FollowedHost>();

  /** @param publish told the addresses of each host when they are first known, and when they change */
  constructor(publish: (addresses: AddressesByHost) => void, lookUp: LookUp = lookUpHost) {
    this.#publish = publish;
    this.#lookUp = lookUp;
  }

  /** Notes which hosts a service needs, in the place of those it needed before. Resolves when all were looked up, after 2 s at the latest. */
  async follow(service: ServiceKey, hosts: readonly string[]): Promise<void> {
    const followed = hosts.map((host) => this.#followed(host));
    for (const host of followed) host.users.add(service);
    this.#release(service, hosts);
    if (followed.length === 0) return;
    const limit = new AbortController();
    const tooLong = sleep(FIRST_LOOK_MS, undefined, { signal: limit.signal }).catch(() => {});
    await Promise.race([Promise.all(followed.map(({ firstLook }) => firstLook)), tooLong]);
    limit.abort();
  }

  /** The service is gone. */
  forget(service: ServiceKey): void {
    this.#release(service, []);
  }

  stop(): void {
    for (const { timer } of this.#hosts.values()) clearTimeout(timer);
    this.#hosts.clear();
  }

  #followed(host: string): FollowedHost {
    const known = this.#hosts.get(host);
    if (known !== undefined) return known;
    const followed = new FollowedHost((one) => this.#look(host, one));
    this.#hosts.set(host, followed);
    return followed;
  }

  #release(service: ServiceKey, needed: readonly string[]): void {
    for (const [host, followed] of this.#hosts) {
      if (needed.includes(host) || !followed.users.delete(service) || followed.users.size > 0) continue;
      clearTimeout(followed.timer);
      this.#hosts.delete(host);
    }
  }

  async #look(host: string, followed: FollowedHost): Promise<void> {
    const found = await this.#lookUp(host).catch(() => null);
    // Meanwhile nobody may need it any more.
    if (this.#hosts.get(host) !== followed) return;
    if (found !== null && found.addresses.length > 0 && !isSame(found.addresses, followed.addresses)) {
      followed.addresses = found.addresses;
      this.#publish({ [host]: found.addresses });
    }
    const seconds = found === null ? AFTER_FAILURE : Math.min(LONGEST, Math.max(SHORTEST, found.ttlSeconds));
    followed.timer = setTimeout(() => void this.#look(host, followed), seconds * 1000);
    followed.timer.unref();
  }
}

/** Resolvers turn their answers round; that is no change. */
function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((address) => b.includes(address));
}
