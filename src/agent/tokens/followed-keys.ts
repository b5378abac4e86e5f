/** Keeps the keys of the issuers that this host's policies name, as fresh as they are published. */
import type { HostView } from '../../contract/host-view.ts';
import type { KeySource } from '../../contract/jwt-views.ts';
import type { PublicJwk } from '../../core/json-web-keys.ts';
import type { Logger } from '../../telemetry/logger.ts';

export const REFRESH_MS = 5 * 60_000;
const RETRY_MS = 10_000;
/** Between two fetches, however many tokens name a key that nobody knows. */
export const STALE_PAUSE_MS = 10_000;
/** Issuers of one host. */
const MAX_FOLLOWED = 256;

interface Followed {
  readonly source: KeySource;
  /** null: a fetch is under way. */
  timer: NodeJS.Timeout | null;
  /** ms of `performance.now()`. */
  fetchedAt: number;
  /** What was told last, as JSON. */
  told: string;
}

export class FollowedKeys {
  readonly #fetch: (source: KeySource) => Promise<readonly PublicJwk[]>;
  readonly #tell: (url: string, keys: readonly PublicJwk[]) => Promise<void>;
  readonly #logger: Logger;
  readonly #stalePauseMs: number;
  readonly #followed = new Map<string, Followed>();

  /** @param tell called with keys that are new; those of before stay in use until then, whatever happens to the issuer */
  constructor(
    fetch: (source: KeySource) => Promise<readonly PublicJwk[]>,
    tell: (url: string, keys: readonly PublicJwk[]) => Promise<void>,
    logger: Logger,
    stalePauseMs = STALE_PAUSE_MS,
  ) {
    this.#stalePauseMs = stalePauseMs;
    this.#fetch = fetch;
    this.#tell = tell;
    this.#logger = logger;
  }

  /** The issuers of the view are followed from now on, and no others. */
  follow({ jwtRules = [] }: HostView): void {
    const wanted = new Map<string, KeySource>();
    for (const { keys } of jwtRules.flat()) if ('url' in keys) wanted.set(keys.url, keys);
    for (const [url, { timer }] of this.#followed) {
      if (wanted.has(url)) continue;
      if (timer !== null) clearTimeout(timer);
      this.#followed.delete(url);
    }
    for (const [url, source] of wanted) {
      if (this.#followed.has(url) || this.#followed.size >= MAX_FOLLOWED) continue;
      const followed: Followed = { source, timer: null, fetchedAt: 0, told: '' };
      this.#followed.set(url, followed);
      void this.#refresh(followed);
    }
  }

  /** A token names a key that is not among those of this URL: they are fetched anew, unless that was just done. */
  refresh(url: string): void {
    const followed = this.#followed.get(url);
    if (followed === undefined || followed.timer === null) return;
    if (performance.now() - followed.fetchedAt < this.#stalePauseMs) return;
    clearTimeout(followed.timer);
    followed.timer = null;
    void this.#refresh(followed);
  }

  stop(): void {
    for (const { timer } of this.#followed.values()) if (timer !== null) clearTimeout(timer);
    this.#followed.clear();
  }

  async #refresh(followed: Followed): Promise<void> {
    const { url } = followed.source;
    let pause = REFRESH_MS;
    followed.fetchedAt = performance.now();
    try {
      const keys = await this.#fetch(followed.source);
      const told = JSON.stringify(keys);
      if (told !== followed.told && this.#followed.get(url) === followed) {
        await this.#tell(url, keys);
        followed.told = told;
      }
    } catch (error) {
      pause = RETRY_MS;
      const reason = error instanceof Error ? error.message : String(error);
      const words = followed.told === '' ? 'its tokens are refused until then' : 'those of before stay in use';
      this.#logger.warn({ url, reason }, `the keys of an issuer of tokens could not be fetched: ${words}`);
    }
    if (this.#followed.get(url) !== followed) return;
    followed.timer = setTimeout(() => void this.#refresh(followed), pause);
    followed.timer.unref();
  }
}
