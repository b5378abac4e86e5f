/** The nameservers of this host (resolv.conf(5)): asked where it is not known whom a query was meant for. */
import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';

/** Files are looked at again after this many ms. */
const LOOK_EVERY_MS = 5_000;
/** As many as the C library takes. */
const MAX_SERVERS = 3;
const RESOLVER_FILE = '/etc/resolv.conf';
/** Whom systemd-resolved asks. Its own stub would send the query out again, and it would come back to us. */
const BEHIND_STUB = '/run/systemd/resolve/resolv.conf';

/** The `nameserver` lines. Pure. */
export function parseNameservers(text: string): string[] {
  const servers = text.split('\n').flatMap((line) => {
    const [word, address = ''] = line.trim().split(/\s+/);
    return word === 'nameserver' && isIP(address) !== 0 ? [address] : [];
  });
  return servers.slice(0, MAX_SERVERS);
}

export class ResolverFile {
  readonly #files: readonly [main: string, behindStub: string];
  #lookedAt = Number.NEGATIVE_INFINITY;
  #stamp = '';
  #servers: readonly string[] = [];

  constructor(files: readonly [main: string, behindStub: string] = [RESOLVER_FILE, BEHIND_STUB]) {
    this.#files = files;
  }

  /** In the order of the file; this host itself when it names none, as the C library does. @param nowMs of any clock that does not go back */
  nameservers(nowMs: number): readonly string[] {
    if (nowMs - this.#lookedAt < LOOK_EVERY_MS) return this.#servers;
    this.#lookedAt = nowMs;
    const stamp = this.#files.map(stampOf).join(' ');
    if (stamp === this.#stamp) return this.#servers;
    this.#stamp = stamp;
    const [main, behindStub] = this.#files.map((file) => parseNameservers(readOrNothing(file)));
    const hasOnlyStub = main.length > 0 && main.every(isLoopback);
    this.#servers = hasOnlyStub && behindStub.length > 0 ? behindStub : main.length > 0 ? main : ['127.0.0.1'];
    return this.#servers;
  }
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
}

function stampOf(file: string): string {
  try {
    const { mtimeMs, ino, size } = statSync(file);
    return `${mtimeMs}/${ino}/${size}`;
  } catch {
    return 'none';
  }
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
