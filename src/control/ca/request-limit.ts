/** How often a host may have certificates signed: a broken or hostile one must not fill the audit trail, nor keep control busy. Pure: time is an argument. */
const WINDOW_MS = 60_000;
/** As many identities as a host may have, twice, and some. */
const MAX_IN_WINDOW = 150;
const MAX_HOSTS = 50_000;

export class RequestLimit {
  readonly #counts = new Map<string, number>();
  #windowEndsMs = 0;

  /** False: too many in this minute. */
  allows(host: string, nowMs: number): boolean {
    if (nowMs >= this.#windowEndsMs) {
      this.#counts.clear();
      this.#windowEndsMs = nowMs + WINDOW_MS;
    }
    const count = (this.#counts.get(host) ?? 0) + 1;
    if (count > MAX_IN_WINDOW || (count === 1 && this.#counts.size >= MAX_HOSTS)) return false;
    this.#counts.set(host, count);
    return true;
  }
}
