/**
 * Which hosts are alive. Pure: `now` is any monotonic clock in ms. Expiry is counted from when a renewal was heard, never
 * from clocks of other machines, and nobody expires during a grace period: after control started or the connection
 * came back, renewals may have been missed through no fault of the host.
 */
export class LeaseTable {
  readonly #ttlMs: number;
  readonly #expiry = new Map<string, number>();
  readonly #revisions = new Map<string, number>();
  #graceUntil = 0;

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  /** A renewal was stored at this revision; false when it was known already. */
  renew(host: string, revision: number, now: number): boolean {
    if ((this.#revisions.get(host) ?? 0) >= revision) return false;
    this.#revisions.set(host, revision);
    this.#expiry.set(host, now + this.#ttlMs);
    return true;
  }

  /** A host of which only registrations are known: alive until the grace period ends. */
  presume(host: string): void {
    if (!this.#expiry.has(host)) this.#expiry.set(host, this.#graceUntil);
  }

  end(host: string): void {
    this.#expiry.delete(host);
  }

  /** Begins a grace period of one full ttl, or longer. */
  beginGrace(now: number, atLeastMs: number): void {
    this.#graceUntil = now + Math.max(this.#ttlMs, atLeastMs);
    for (const [host, expiry] of this.#expiry) this.#expiry.set(host, Math.max(expiry, this.#graceUntil));
  }

  /** The store was recreated: its revisions start again. */
  forgetRevisions(): void {
    this.#revisions.clear();
  }

  inGrace(now: number): boolean {
    return now < this.#graceUntil;
  }

  isLive(host: string): boolean {
    return this.#expiry.has(host);
  }

  hosts(): string[] {
    return [...this.#expiry.keys()];
  }

  /** Takes out and returns the hosts whose time is up. */
  expire(now: number): string[] {
    if (this.inGrace(now)) return [];
    const ended = [...this.#expiry].filter(([, expiry]) => expiry <= now).map(([host]) => host);
    for (const host of ended) this.#expiry.delete(host);
    return ended;
  }
}
